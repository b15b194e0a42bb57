import type { Command } from 'commander'
import { type NewCertificateOptions, newCertificate, parseNumber, withNewCertificate } from '../certificate-options.ts'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { requestCertificate } from '../documents/certificates.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportCertificate } from '../report-certificate.ts'

type Options = ConnectionOptions &
  NewCertificateOptions & {
    readonly dns: readonly string[]
    readonly email: readonly string[]
    readonly uri: readonly string[]
    readonly est?: string
    readonly renewBeforeDays?: string
  }

/** `countersign certificate create-csr`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withNewCertificate(withConnection(command))
    .optionsGroup('Alternative names:')
    .option('--email <address>', 'an e-mail address; may be repeated', collect, [])
    .option('--dns <name>', 'a DNS name; may be repeated', collect, [])
    .option('--uri <uri>', 'a URI; may be repeated', collect, [])
    .optionsGroup('Options:')
    .option('--est <server>', 'have this EST server of the configuration issue it, and renew it by itself')
    .option('--renew-before-days <number>', 'with --est: so long before its end; else 30')
    .action(async (options: Options) => {
      const { est, renewBeforeDays } = options
      if (est === undefined && renewBeforeDays !== undefined)
        throw usageError('--renew-before-days is for certificates of an EST server: give --est as well.')
      const named = (kind: string, values: readonly string[]) => values.map((value) => ({ kind, value }))
      const input = {
        ...newCertificate(options),
        alternativeNames: [
          ...named('email', options.email),
          ...named('dns', options.dns),
          ...named('uri', options.uri),
        ],
        ...(est !== undefined && {
          est: { server: est, renewBeforeDays: parseNumber(renewBeforeDays ?? '30', '--renew-before-days') },
        }),
      }
      const connection = await connect(invocation, options, null)
      const { requestCertificate: changed } = await ask(connection, requestCertificate, { input })
      await reportCertificate(invocation, connection, 'Asked for', changed)
    })
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
