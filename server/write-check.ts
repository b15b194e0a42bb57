import { constants, existsSync } from 'node:fs'
import { access, open, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Room, RoomFor } from '../application/index.ts'
import { errnoOf, saysFull } from '../artifacts/index.ts'
import { dataPath, type Role, type Settings } from './configuration.ts'

/** As much as a page of a database: where this does not fit, nothing does. */
const sample = Buffer.alloc(4096, 0x2e)

/**
 * How much room has to be left, in bytes. Submissions end first, and readiness says so, so that what is under way can
 * still be recorded and approved, signed and followed: databases need room for their write-ahead logs, and what they
 * cannot write they may only find out after a long time.
 */
const leastRoom = { submission: 64 * 1024 ** 2, change: 4 * 1024 ** 2 } as const satisfies Record<RoomFor, number>

/** How old the last try may be before the next one, in milliseconds. */
const tryAgainAfterMs = 500
/** For how long a write that worked lets calls pass while the next one is under way, in milliseconds. */
const knownForMs = 2_000

type WriteCheckCode = 'DISK_FULL' | 'DISK_UNWRITABLE'

/** That something cannot be written where the service keeps its things. `DISK_FULL` or `DISK_UNWRITABLE`. */
export class WriteCheckError extends Error {
  /** Stable. */
  readonly code: WriteCheckCode
  /** An operator mends it, and the same call succeeds. */
  readonly transient = true

  constructor(code: WriteCheckCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'WriteCheckError'
    this.code = code
  }
}

/**
 * Tries a write in every folder: there is room for submissions, and a small file can be brought to the disk and removed
 * again.
 *
 * @throws WriteCheckError naming the folder
 */
export async function checkWritable(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await checkRoom(folder, leastRoom.submission)
    await tryWrite(folder)
  }
}

/**
 * Looks whether the embedded start can write to a data directory: what it starts would say less clearly that it cannot. A
 * first start makes databases, a token and keys; a later one needs little, so that a full disk can still be looked at.
 *
 * @throws WriteCheckError naming the folder
 */
export async function checkStart(folder: string): Promise<void> {
  const isFirst = !existsSync(join(folder, 'event-log.db'))
  await checkRoom(folder, leastRoom[isFirst ? 'submission' : 'change'])
  await tryWrite(folder)
}

/**
 * Looks whether there is room for what a call is about to write, in the folders of {@link placesOf}: asks the file system
 * each time, and tries a write twice a second at most, which holds up a call only when it is not known to work.
 */
export function openRoom({ artifacts, records }: Pick<WrittenPlaces, 'artifacts' | 'records'>): Room {
  const folders = { submission: unique([...records, artifacts]), change: unique(records) }
  const tries = new Map([...folders.submission, ...folders.change].map((folder) => [folder, trying(folder)]))
  return {
    async require(what) {
      try {
        for (const folder of folders[what]) {
          await checkRoom(folder, leastRoom[what])
          await tries.get(folder)?.()
        }
      } catch (error) {
        throw forCallers(error)
      }
    },
  }
}

/** Tries writes in a folder now and then, and throws when the last one failed. */
function trying(folder: string): () => Promise<void> {
  let last: { readonly at: number; readonly failure: unknown } | undefined
  let running: Promise<void> | undefined

  async function tryNow(): Promise<void> {
    const failure = await tryWrite(folder).then(
      () => undefined,
      (error: unknown) => error,
    )
    last = { at: performance.now(), failure }
    running = undefined
  }

  return async () => {
    const age = last === undefined ? Number.POSITIVE_INFINITY : performance.now() - last.at
    if (age > tryAgainAfterMs) running ??= tryNow()
    // What worked a moment ago is taken to work. What failed, or is not known, is waited for.
    const worked = last !== undefined && last.failure === undefined && age < knownForMs
    if (!worked) await running
    if (last?.failure !== undefined) throw last.failure
  }
}

/** Folders that a process writes in. */
export type WrittenPlaces = {
  readonly artifacts: string
  /** What a change is recorded in. */
  readonly records: readonly string[]
  readonly others: readonly string[]
}

/**
 * Where a process with these roles writes.
 *
 * @param embeddedTemporal whether the workflow engine keeps its things in the data directory
 */
export function placesOf(settings: Settings, roles: readonly Role[], embeddedTemporal: boolean): WrittenPlaces {
  const { data, eventLog, readModel, signerScratch } = settings
  const folderOf = (address: string | undefined) =>
    address === undefined ? data : address.startsWith('sqlite:') ? dirname(address.slice('sqlite:'.length)) : undefined
  const given = (folders: readonly (string | undefined)[]) => folders.filter((folder) => folder !== undefined)
  return {
    artifacts: settings.artifacts ?? dataPath(settings, 'artifacts'),
    records: given([folderOf(eventLog), embeddedTemporal ? data : undefined]),
    // The workflows' script is kept in the data directory.
    others: given([
      roles.includes('projector') ? folderOf(readModel) : undefined,
      roles.includes('signer') ? (signerScratch ?? dataPath(settings, 'signer-scratch')) : undefined,
      roles.includes('worker') ? data : undefined,
    ]),
  }
}

/** All of them, each once. */
export function foldersOf({ artifacts, records, others }: WrittenPlaces): readonly string[] {
  return unique([artifacts, ...records, ...others])
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  try {
    await access(folder, constants.W_OK)
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize >= bytes) return
  } catch (error) {
    throw unwritable(folder, error)
  }
  const mebibytes = bytes / 1024 ** 2
  throw new WriteCheckError('DISK_FULL', `Less than ${mebibytes} MiB are left in ${folder}. Free disk space.`)
}

async function tryWrite(folder: string): Promise<void> {
  const path = join(folder, `.write-check-${process.pid}`)
  try {
    const file = await open(path, 'w', 0o600)
    try {
      await file.writeFile(sample)
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unwritable(folder, error)
  } finally {
    await rm(path, { force: true }).catch(() => undefined)
  }
}

function unwritable(folder: string, error: unknown): WriteCheckError {
  const code = errnoOf(error) ?? error
  if (saysFull(error))
    return new WriteCheckError('DISK_FULL', `There is no room left in ${folder} (${code}). Free disk space.`, error)
  return new WriteCheckError(
    'DISK_UNWRITABLE',
    `Nothing can be written in ${folder} (${code}). Check that it is there, writable and sound.`,
    error,
  )
}

/** The same failure without the names of folders, which callers need not know. */
function forCallers(error: unknown): unknown {
  if (!(error instanceof WriteCheckError)) return error
  const what = error.code === 'DISK_FULL' ? 'The disk of the service is full' : 'The service cannot write to its disk'
  return new WriteCheckError(
    error.code,
    `${what}. Try again when an operator has seen to it; whether a change was made, the request shows.`,
    error,
  )
}

function unique(folders: readonly string[]): readonly string[] {
  return [...new Set(folders)]
}
