import { type Kysely, sql } from 'kysely'
import type { LogEntry, LogPosition } from '../event-log/index.ts'
import { applyEvents } from './apply-events.ts'
import type { ReadModelDatabase } from './database.ts'
import { ReadModelError } from './read-model-error.ts'
import { createRowWriter } from './row-writer.ts'
import { databaseClock } from './schema.ts'
import type { Slot } from './table-names.ts'
import type { Tables } from './tables.ts'
import { whenUncontended } from './transaction.ts'

/** Where a slot's tables are, and who fills them. */
export type Checkpoint = {
  readonly position: LogPosition | undefined
  readonly token: string
}

/** Writes rows and checkpoint together. */
export type BatchWriter = {
  /**
   * Projects events into a slot's tables, in one transaction with the slot's checkpoint. Events that the checkpoint says
   * are in already are passed over: a redelivery, or another projector was faster.
   *
   * @param after where the batch begins: the events are all that there are after this position, up to the last of them
   * @returns the checkpoint afterwards, or `gone` when the slot's tables are not those that the caller knows (another
   *   token, no such slot) or end before `after`, so that the batch does not join on
   */
  readonly project: (
    slot: Slot,
    token: string,
    after: LogPosition | undefined,
    events: readonly LogEntry[],
  ) => Promise<Checkpoint | 'gone'>
}

/** Makes a writer of batches for the tables of the database's form. */
export function createBatchWriter(database: ReadModelDatabase): BatchWriter {
  const writer = createRowWriter(database)
  return {
    project: (slot, token, after, events) =>
      whenUncontended(database, async (transaction) => {
        const checkpoint = await lockCheckpoint(database, transaction, slot)
        if (checkpoint === undefined || checkpoint.token !== token) return 'gone'
        const { position } = checkpoint
        if (after !== undefined && (position === undefined || position < after)) return 'gone'
        const news = position === undefined ? events : events.filter((event) => event.position > position)
        const last = news.at(-1)
        if (last === undefined) return checkpoint
        if (slot === 'building') await commitUnflushed(database, transaction)
        await applyEvents(writer, transaction, slot, news)
        await moveCheckpoint(database, transaction, slot, last.position)
        return { ...checkpoint, position: last.position }
      }),
  }
}

/** What stands before the event that an error of projecting names; `undefined` when the error is about something else. */
export function eventsBefore(error: unknown, events: readonly LogEntry[]): readonly LogEntry[] | undefined {
  const { position } = error instanceof ReadModelError ? error.details : {}
  return typeof position === 'string' ? events.filter((event) => event.position < position) : undefined
}

/**
 * Lets a transaction of a build end before the disk has it. A power failure takes such transactions back, whole and in their
 * order; the last one of a build is waited for, and with it all before it.
 */
export async function commitUnflushed({ kind }: ReadModelDatabase, transaction: Kysely<Tables>): Promise<void> {
  // SQLite never waits: see sqlite-file.ts.
  if (kind === 'postgres') await sql`set local synchronous_commit = off`.execute(transaction)
}

/**
 * Reads a slot's checkpoint and keeps every other writer of the slot waiting until the transaction ends. It must be the
 * first statement: SQLite then takes its write lock before it reads anything.
 */
export async function lockCheckpoint(
  { version }: ReadModelDatabase,
  transaction: Kysely<Tables>,
  slot: Slot,
): Promise<Checkpoint | undefined> {
  const row = await transaction
    .updateTable('read_models')
    .set(({ ref }) => ({ token: ref('token') }))
    .where('version', '=', version)
    .where('slot', '=', slot)
    .returning(['position', 'token'])
    .executeTakeFirst()
  return row && { token: row.token, position: (row.position ?? undefined) as LogPosition | undefined }
}

/** Writes a slot's checkpoint, and that it is in use. */
export async function moveCheckpoint(
  database: ReadModelDatabase,
  transaction: Kysely<Tables>,
  slot: Slot,
  position: LogPosition | undefined,
): Promise<void> {
  await transaction
    .updateTable('read_models')
    .set({ position: position ?? null, alive_at: databaseClock(database) })
    .where('version', '=', database.version)
    .where('slot', '=', slot)
    .execute()
}
