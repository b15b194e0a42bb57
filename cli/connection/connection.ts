import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError, usageError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Terminal } from '../terminal.ts'
import type { CertifiedCalls } from './client-certificate.ts'
import { type CredentialsFile, dataDirectory, readCredentialsFile } from './credentials-file.ts'
import { type JobTokens, tokensOfJob } from './job-tokens.ts'
import { isReadableOnTheWay, parseServerAddress, type ServerAddress } from './server-address.ts'

/** A server and who asks it. */
export type Connection = {
  readonly server: ServerAddress
  /** An API token, or those of a CI job. Never printed. */
  readonly token: string | JobTokens
  /** Why whatever is changed over this connection is, for those who must approve it. */
  readonly changeReason?: string
  /** How calls are made with a client certificate of this machine, where one is. */
  readonly certified?: CertifiedCalls
}

/** What the command line says about the connection. */
export type ConnectionOptions = {
  readonly url?: string
  readonly token?: string
  /** A user of the embedded start's credentials file. */
  readonly as?: string
  /** Why something is changed. */
  readonly reason?: string
  /** Whether the CI job's identity token is sent; alone where no API token is named, and {@link organizationId} is. */
  readonly identityToken?: true
  /** Whom the identity token is for. */
  readonly audience?: string
  /** Id of the organization, which an identity token alone does not say. */
  readonly organizationId?: string
}

/**
 * Finds the server and the token. The URL: `--url`, `COUNTERSIGN_URL`, the embedded start's credentials file. The token:
 * `--token`, `--as`, `COUNTERSIGN_TOKEN`, `COUNTERSIGN_TOKEN_FILE`, the default user of the credentials file. A token of
 * that file is for its server alone.
 *
 * With `--identity-token` and an organization, and no API token that options or environment name, the job's identity tokens take
 * its place.
 *
 * Changes over it are given the reason of `--reason`, where the command has that option.
 *
 * @param defaultUser whom to act as from the credentials file when nobody is named; `null` when somebody must be
 * @param warn called when the token can be read on the way
 * @throws CliError `USAGE`, `URL_MALFORMED`, `SERVER_UNKNOWN`, `TOKEN_MISSING`, `TOKEN_MALFORMED`, `USER_UNKNOWN`,
 *   `CREDENTIALS_UNREADABLE`
 */
export function findConnection(
  terminal: Terminal,
  options: ConnectionOptions,
  defaultUser: string | null,
  warn: (message: string) => void,
): Connection {
  if (options.token !== undefined && options.as !== undefined)
    throw usageError('--token and --as both say who asks.', 'Give one of them.')
  const named = namedServer(terminal, options.url)
  const given = options.token ?? (options.as === undefined ? tokenOfEnvironment(terminal) : undefined)
  const organization = options.organizationId ?? terminal.environment.COUNTERSIGN_ORGANIZATION
  if (options.identityToken && given === undefined && organization) {
    const server = named ?? serverOfFile(terminal, readCredentialsFile(terminal))
    if (isReadableOnTheWay(server)) warn(`the identity token travels unencrypted to ${server.origin}; use https.`)
    return { server, token: tokensOfJob(terminal, { organization, audience: options.audience }) }
  }
  if (options.organizationId !== undefined) throw organizationAlone(given)

  // Read only when it is needed: a broken one must not stop a command that names server and token.
  const file = named !== undefined && given !== undefined ? undefined : readCredentialsFile(terminal)

  const server = named ?? serverOfFile(terminal, file)
  const token = checkedToken(given ?? tokenFromFile(file, server, options.as ?? defaultUser, options.as !== undefined))
  if (isReadableOnTheWay(server)) warn(`the API token travels unencrypted to ${server.origin}; use https.`)
  return { server, token, ...(options.reason !== undefined && { changeReason: options.reason }) }
}

/**
 * Finds the server alone, for who has no token yet: `--url`, `COUNTERSIGN_URL`, the embedded start's credentials file.
 *
 * @param warn called when what is sent can be read on the way
 * @throws CliError `URL_MALFORMED`, `SERVER_UNKNOWN`, `CREDENTIALS_UNREADABLE`
 */
export function findServer(
  terminal: Terminal,
  { url }: Pick<ConnectionOptions, 'url'>,
  warn: (message: string) => void,
): ServerAddress {
  const server = namedServer(terminal, url) ?? serverOfFile(terminal, readCredentialsFile(terminal))
  if (isReadableOnTheWay(server)) warn(`what is secret travels unencrypted to ${server.origin}; use https.`)
  return server
}

function organizationAlone(token: string | undefined): CliError {
  return token === undefined
    ? usageError('--organization-id goes with --identity-token, which then takes the place of an API token.')
    : usageError(
        '--organization-id goes with an identity token alone, and an API token is named, which says the organization.',
        'Unset COUNTERSIGN_TOKEN and COUNTERSIGN_TOKEN_FILE, and leave --token and --as out; or leave --organization-id out.',
      )
}

function namedServer({ environment }: Terminal, url: string | undefined): ServerAddress | undefined {
  const { COUNTERSIGN_URL } = environment
  if (url !== undefined) return parseServerAddress(url, '--url')
  return COUNTERSIGN_URL ? parseServerAddress(COUNTERSIGN_URL, 'COUNTERSIGN_URL') : undefined
}

/** @throws CliError `SERVER_UNKNOWN` */
function serverOfFile(terminal: Terminal, file: CredentialsFile | undefined): ServerAddress {
  if (file !== undefined) return parseServerAddress(file.url, `The URL in ${file.path}`)
  throw usageError(
    `No server is named, and there is no credentials file of an embedded service in ${dataDirectory(terminal)}.`,
    'Give --url or set COUNTERSIGN_URL; or run this where `npm start` ran (COUNTERSIGN_DATA names its data directory).',
    'SERVER_UNKNOWN',
  )
}

function tokenOfEnvironment({ environment, workingDirectory }: Terminal): string | undefined {
  const { COUNTERSIGN_TOKEN, COUNTERSIGN_TOKEN_FILE } = environment
  if (COUNTERSIGN_TOKEN) return COUNTERSIGN_TOKEN
  if (!COUNTERSIGN_TOKEN_FILE) return undefined
  try {
    return readFileSync(resolve(workingDirectory, COUNTERSIGN_TOKEN_FILE), 'utf8').trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw usageError(
      `COUNTERSIGN_TOKEN_FILE names ${COUNTERSIGN_TOKEN_FILE}, which cannot be read (${code}).`,
      'The file must hold an API token and nothing else.',
      'TOKEN_MISSING',
    )
  }
}

function tokenFromFile(
  file: CredentialsFile | undefined,
  server: ServerAddress,
  user: string | null,
  asked: boolean,
): string {
  const elsewhere = file !== undefined && parseServerAddress(file.url, 'The URL').origin !== server.origin
  if (file === undefined || elsewhere) {
    const why = elsewhere ? `The credentials in ${file.path} are for ${file.url}, not for ${server.origin}.` : ''
    throw noToken(
      asked
        ? `--as names a user of a credentials file. ${why || 'There is none here.'}`
        : `No API token is given. ${why}`,
      'Set COUNTERSIGN_TOKEN or COUNTERSIGN_TOKEN_FILE.',
    )
  }
  const names = [...file.tokens.keys()].join(', ') || 'nobody'
  if (user === null)
    throw noToken(
      'This is a decision of a person: say who you are.',
      `Give --as with one of: ${names}; or set COUNTERSIGN_TOKEN.`,
    )
  const token = file.tokens.get(user)
  if (token === undefined)
    throw usageError(`${file.path} has no user ${JSON.stringify(user)}.`, `It has: ${names}.`, 'USER_UNKNOWN')
  return token
}

function checkedToken(token: string): string {
  // Anything else would be refused by the HTTP client, with a message that repeats the token.
  if (!/^[\x21-\x7e]{1,4096}$/.test(token))
    throw usageError(
      'The API token is empty or holds characters that no token has (spaces, line breaks, letters beyond ASCII).',
      'Copy it again, as a whole and alone.',
      'TOKEN_MALFORMED',
    )
  return token
}

function noToken(message: string, hint: string): CliError {
  return new CliError('TOKEN_MISSING', message.trim(), { hint, exitCode: exitCode.unauthenticated })
}
