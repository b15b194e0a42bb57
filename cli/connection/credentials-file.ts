import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { usageError } from '../cli-error.ts'
import type { Terminal } from '../terminal.ts'

/** What the embedded start leaves for people on the same machine: where it listens, and a token for each demo user. */
export type CredentialsFile = {
  /** Where the file is, for messages. */
  readonly path: string
  readonly url: string
  /** Token by the name that `--as` takes: `administrator`, `approver-1`, `ci` … */
  readonly tokens: ReadonlyMap<string, string>
}

/** The data directory of the embedded start: `COUNTERSIGN_DATA`, else `.countersign` where the command runs. */
export function dataDirectory(terminal: Terminal): string {
  return resolve(terminal.workingDirectory, terminal.environment.COUNTERSIGN_DATA || '.countersign')
}

/**
 * Reads `credentials.json` in the data directory; `undefined` when there is none.
 *
 * @throws CliError `CREDENTIALS_UNREADABLE` (exit code: usage) when it is there and cannot be used
 */
export function readCredentialsFile(terminal: Terminal): CredentialsFile | undefined {
  const path = join(dataDirectory(terminal), 'credentials.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(path, code === 'EACCES' ? 'only the user who started the service may read it' : String(code))
  }
  return parseCredentials(path, text)
}

function parseCredentials(path: string, text: string): CredentialsFile {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, and the text holds tokens.
    throw unreadable(path, 'it is not JSON')
  }
  const { url, users } = (content ?? {}) as { url?: unknown; users?: unknown }
  if (typeof url !== 'string' || typeof users !== 'object' || users === null)
    throw unreadable(path, 'it must hold `url` and `users`')
  const tokens = Object.entries(users).flatMap(([name, user]): [string, string][] => {
    const token = (user as { token?: unknown } | null)?.token
    return typeof token === 'string' ? [[name, token]] : []
  })
  return { path, url, tokens: new Map(tokens) }
}

function unreadable(path: string, reason: string): Error {
  return usageError(
    `The credentials file ${path} cannot be used: ${reason}.`,
    'Name the server by --url and the token by COUNTERSIGN_TOKEN, or start the service again: it writes the file.',
    'CREDENTIALS_UNREADABLE',
  )
}
