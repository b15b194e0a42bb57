import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sha256Digest } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import { onDisk } from '../store/disk-error.ts'
import { openSharedDatabase, type SharedDatabase } from '../store/shared-database.ts'

/** An event, as far as it names artifacts. */
export type NamingEvent = {
  /** Where it stands in the log; opaque. */
  readonly position: string
  readonly eventId: string
  /** Every SHA-256 digest that it holds, whatever it is of. */
  readonly digests: readonly Sha256Digest[]
}

/** The log, as the source of what is named. */
export type NamingLog = {
  /** The events after a position (all without one), in the order of the log, up to its present end. */
  readonly after: (position: string | undefined, maxCount?: number) => AsyncIterable<readonly NamingEvent[]>
}

/** What the log names, kept beside the artifacts so that no run reads the log from its beginning. */
export type NameIndex = {
  /**
   * Takes in what was appended since the last time.
   *
   * @throws ArtifactError `ARTIFACT_COLLECTION_MISMATCH` when this is not the log that the index is of
   * @returns whether the log has any event
   */
  readonly catchUp: () => Promise<boolean>
  /** Those of the digests that the index knows. */
  readonly named: (digests: readonly Sha256Digest[]) => Promise<ReadonlySet<Sha256Digest>>
  /** When bytes were thrown away, noting that it was now unless it is known; milliseconds. */
  readonly thrownAwayAt: (sha256: Sha256Digest, now: number) => Promise<number>
  /** Forgets that bytes were thrown away. */
  readonly forget: (sha256: Sha256Digest) => Promise<void>
  readonly close: () => void
}

const schema = `
  CREATE TABLE IF NOT EXISTS named (sha256 TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS thrown_away (sha256 TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    first_event TEXT NOT NULL,
    before TEXT,
    position TEXT NOT NULL,
    event_id TEXT NOT NULL
  ) STRICT;
`

/** Where the index ends: the last event in it, and the position before that one. */
type Checkpoint = {
  readonly first_event: string
  readonly before: string | null
  readonly position: string
  readonly event_id: string
}

/** Opens the index in a folder, which is made when it is not there. */
export async function openNameIndex(folder: string, log: NamingLog): Promise<NameIndex> {
  await onDisk('making the folder of the collection', () => mkdir(folder, { recursive: true, mode: 0o700 }))
  const database = await openSharedDatabase(join(folder, 'names.db'), schema)
  const { transact } = database
  return {
    catchUp: () => catchUp(database, log),
    named: (digests) =>
      transact((names) => {
        const query = names.prepare('SELECT 1 FROM named WHERE sha256 = ?')
        return new Set(digests.filter((digest) => query.get(digest) !== undefined))
      }),
    thrownAwayAt: (sha256, now) =>
      transact((names) => {
        names.prepare('INSERT OR IGNORE INTO thrown_away (sha256, at) VALUES (?, ?)').run(sha256, Math.trunc(now))
        return Number(names.prepare('SELECT at FROM thrown_away WHERE sha256 = ?').get(sha256)?.at)
      }),
    forget: (sha256) => transact((names) => void names.prepare('DELETE FROM thrown_away WHERE sha256 = ?').run(sha256)),
    close: database.close,
  }
}

async function catchUp({ transact }: SharedDatabase, log: NamingLog): Promise<boolean> {
  const [first] = await firstOf(log, undefined)
  if (first === undefined) return false
  const checkpoint = (await transact((names) => names.prepare('SELECT * FROM log').get())) as Checkpoint | undefined
  if (checkpoint !== undefined && checkpoint.first_event !== first.eventId)
    throw new ArtifactError(
      'ARTIFACT_COLLECTION_MISMATCH',
      "The artifacts belong to another event log than this one: nothing is collected. Is it the right folder, and the right log? If the log is new on purpose, delete the folder 'collection' of the artifact store.",
    )
  let before = await startOf(log, checkpoint)
  for await (const events of log.after(before)) {
    const last = events.at(-1)
    if (last === undefined) continue
    const previous = events.at(-2)?.position ?? before ?? null
    await transact((names) => {
      const add = names.prepare('INSERT OR IGNORE INTO named (sha256) VALUES (?)')
      for (const { digests } of events) for (const digest of digests) add.run(digest)
      names
        .prepare('INSERT OR REPLACE INTO log (id, first_event, before, position, event_id) VALUES (1, ?, ?, ?, ?)')
        .run(first.eventId, previous, last.position, last.eventId)
    })
    before = last.position
  }
  return true
}

/** Where to go on; from the beginning when the log does not have, or no longer has, the event that was read last. */
async function startOf(log: NamingLog, checkpoint: Checkpoint | undefined): Promise<string | undefined> {
  if (checkpoint === undefined) return undefined
  const [found] = await firstOf(log, checkpoint.before ?? undefined)
  const isThere = found?.position === checkpoint.position && found.eventId === checkpoint.event_id
  return isThere ? checkpoint.position : undefined
}

async function firstOf(log: NamingLog, after: string | undefined): Promise<readonly NamingEvent[]> {
  for await (const events of log.after(after, 1)) return events
  return []
}
