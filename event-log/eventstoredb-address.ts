import { readFileSync } from 'node:fs'
import { EventStoreDBClient } from '@eventstore/db-client'
import { parseConnectionString } from '@eventstore/db-client/dist/Client/parseConnectionString.js'
import { EventLogError } from './event-log.ts'

/** What a connection proves by TLS, both ways: PEM. */
export type EventStoreDbTls = {
  /** The authorities that the server's certificate must lead to; those of the system when not given. */
  readonly authorities: Buffer | undefined
  /** Who we are, where the server wants to know. */
  readonly client: { readonly certificate: Buffer; readonly key: Buffer } | undefined
}

/** Where the server is, and as whom and how it is reached. */
export type EventStoreDbAddress = {
  /** As EventStoreDB defines it: `esdb://user:password@host:2113?tls=true`, several hosts or `esdb+discover` for a cluster. */
  readonly connectionString: string
  /** Who asks; the connection string then names nobody. */
  readonly credentials?: { readonly user: string; readonly password: string } | undefined
  /** `plain`, or what is proved by TLS; the connection string then says nothing of it. What it says when not given. */
  readonly tls?: EventStoreDbTls | 'plain' | undefined
}

/** The nodes that the address names, and how they are spoken to. */
export type EventStoreDbNodes = {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly tls: EventStoreDbTls | 'plain'
}

/**
 * Makes a client for an address, without sending anything.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`, without the connection string, which may hold a password
 */
export function clientFor(address: EventStoreDbAddress): EventStoreDbNodes & { readonly client: EventStoreDBClient } {
  const { credentials: said, options, rest } = parse(address.connectionString)
  if (said !== undefined && address.credentials !== undefined) throw namedTwice('a user')
  const { hosts, dnsDiscover, tls: _tls, tlsCAFile, userCertFile, userKeyFile, ...others } = options
  const saysTls = /[?&](tls|tlscafile|usercertfile|userkeyfile)=/i.test(rest.replaceAll(/[_-]/g, ''))
  if (saysTls && address.tls !== undefined) throw namedTwice('TLS')
  const tls = address.tls ?? (options.tls === false ? 'plain' : filesOf(tlsCAFile, userCertFile, userKeyFile))
  const credentials = address.credentials ?? said
  // What the string itself says of a user without TLS the client leaves out, as every client of EventStoreDB does.
  if (tls === 'plain' && address.credentials !== undefined)
    throw invalid('EventStoreDB takes a user and a password over TLS only: leave them out, or reach it by TLS.')

  const material =
    tls === 'plain'
      ? { insecure: true }
      : {
          ...(tls.authorities && { rootCertificate: tls.authorities }),
          ...(tls.client && { userCertFile: tls.client.certificate, userKeyFile: tls.client.key }),
        }
  const user = credentials && { username: credentials.user, password: credentials.password }
  const [first] = hosts
  if (first === undefined) throw invalid(form)
  const client = dnsDiscover
    ? new EventStoreDBClient({ ...others, discover: first }, material, user)
    : hosts.length > 1
      ? new EventStoreDBClient({ ...others, endpoints: hosts }, material, user)
      : new EventStoreDBClient({ ...others, endpoint: first }, material, user)
  return { client, nodes: hosts.map(({ address, port }) => ({ host: address, port })), tls }
}

const form =
  'The EventStoreDB connection string must look like esdb://user:password@host:2113?tls=true, and the files that it names must exist.'

function parse(connectionString: string) {
  // The client's parser prints what it does not know, and the whole string with it: who asks is kept from it.
  const [, scheme = '', user, password = '', rest = ''] =
    /^([a-z]+(?:\+discover)?:\/\/)(?:([^:@/?]*):([^@/?]*)@)?(.*)$/s.exec(connectionString.trim()) ?? []
  try {
    return {
      // It knows the protocol by its first name only.
      options: parseConnectionString(scheme.replace(/^kurrentdb/, 'esdb') + rest),
      credentials:
        user === undefined ? undefined : { user: decodeURIComponent(user), password: decodeURIComponent(password) },
      rest,
    }
  } catch {
    throw invalid(form)
  }
}

function filesOf(ca: string | undefined, certificate: string | undefined, key: string | undefined): EventStoreDbTls {
  if ((certificate === undefined) !== (key === undefined))
    throw invalid('userCertFile and userKeyFile belong together.')
  try {
    const client =
      certificate === undefined || key === undefined
        ? undefined
        : { certificate: readFileSync(certificate), key: readFileSync(key) }
    return { authorities: ca === undefined ? undefined : readFileSync(ca), client }
  } catch {
    throw invalid(form)
  }
}

function namedTwice(what: string): EventLogError {
  return invalid(
    `The EventStoreDB connection string names ${what}, and so do other settings. Leave it out of the string.`,
  )
}

function invalid(message: string): EventLogError {
  return new EventLogError('EVENT_LOG_ARGUMENT_INVALID', message)
}
