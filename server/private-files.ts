import { constants } from 'node:fs'
import { access, chmod, mkdir, open, readdir, stat } from 'node:fs/promises'
import { ConfigurationError } from './configuration-error.ts'

/** Permissions of the group and of everybody else (POSIX `S_IRWXG | S_IRWXO`). */
const ofOthers = 0o077

/** What a data directory of ours holds: one of these says that it is ours. */
const ours = [
  'countersign.log',
  'event-log.db',
  'payload.key',
  'credentials.json',
  'artifacts',
  'signer-scratch',
  'temporal',
  'softhsm',
]

/**
 * Makes the data directory, for its owner alone. One that is there and that others may enter is closed when it is ours
 * or empty, and refused when it is something else: nobody expects a service to change the permissions of their home.
 *
 * @returns whether it was open to others and was closed
 * @throws ConfigurationError `DATA_DIRECTORY_UNUSABLE` when it cannot be made or written to, `DATA_DIRECTORY_OPEN` when
 *   others may enter it, or own it
 */
export async function prepareDataDirectory(path: string): Promise<{ readonly closed: boolean }> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new ConfigurationError(
      'DATA_DIRECTORY_UNUSABLE',
      `The data directory ${path} cannot be used: ${(cause as Error).message}. Set COUNTERSIGN_DATA to a folder that this user may write to.`,
      { cause },
    )
  }
  const { mode, uid } = await stat(path)
  const user = process.getuid?.() ?? uid
  if (uid !== user) throw openToOthers(path, `belongs to another user (${uid}, not ${user})`, 'run this as its owner')
  if ((mode & ofOthers) === 0) return { closed: false }
  const names = await readdir(path)
  if (names.length > 0 && !names.some((name) => ours.includes(name)))
    throw openToOthers(path, 'holds other things, and others may enter it', `close it (\`chmod 700 ${path}\`)`)
  await chmod(path, 0o700)
  return { closed: true }
}

/**
 * Sees to it that a database file, and what SQLite keeps beside it, is for its owner alone (0600), before it is opened:
 * SQLite gives the files beside it the permissions of the file. Makes the file when there is none.
 *
 * @param path in a folder that exists
 */
export async function keepPrivate(path: string): Promise<void> {
  // A path that cannot be opened is reported when the database is opened.
  const file = await open(path, 'a', 0o600).catch(() => undefined)
  await file?.close()
  for (const each of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) await closeToOthers(each)
}

async function closeToOthers(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() && (found.mode & ofOthers) !== 0) await chmod(path, 0o600).catch(() => undefined)
}

function openToOthers(path: string, what: string, remedy: string): ConfigurationError {
  return new ConfigurationError(
    'DATA_DIRECTORY_OPEN',
    `The data directory ${path} ${what}. It will hold keys and tokens: ${remedy}, or set COUNTERSIGN_DATA to a folder of its own.`,
  )
}
