import type { Kysely } from 'kysely'
import type { LogPosition, RecordedEvent } from '../event-log/index.ts'
import { applyEvents } from './apply-events.ts'
import type { ReadModelDatabase } from './database.ts'
import type { RowWriter } from './row-writer.ts'
import type { Slot } from './schema.ts'
import type { Tables } from './tables.ts'
import { whenUncontended } from './transaction.ts'

/** Where a slot's tables are, and who fills them. */
export type Checkpoint = {
  readonly position: LogPosition | undefined
  readonly token: string
  readonly version: number
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
    events: readonly RecordedEvent[],
  ) => Promise<Checkpoint | 'gone'>
}

/** @param writer keeps compiled statements */
export function createBatchWriter(database: ReadModelDatabase, writer: RowWriter): BatchWriter {
  return {
    project: (slot, token, after, events) =>
      whenUncontended(database, async (transaction) => {
        const checkpoint = await lockCheckpoint(transaction, slot)
        if (checkpoint === undefined || checkpoint.token !== token) return 'gone'
        const { position } = checkpoint
        if (after !== undefined && (position === undefined || position < after)) return 'gone'
        const news = position === undefined ? events : events.filter((event) => event.position > position)
        const last = news.at(-1)
        if (last === undefined) return checkpoint
        await applyEvents(writer, transaction, slot, news)
        await moveCheckpoint(transaction, slot, last.position)
        return { ...checkpoint, position: last.position }
      }),
  }
}

/**
 * Reads a slot's checkpoint and keeps every other writer of the slot waiting until the transaction ends. It must be the
 * first statement: SQLite then takes its write lock before it reads anything.
 */
export async function lockCheckpoint(transaction: Kysely<Tables>, slot: Slot): Promise<Checkpoint | undefined> {
  const row = await transaction
    .updateTable('read_model')
    .set(({ ref }) => ({ token: ref('token') }))
    .where('slot', '=', slot)
    .returning(['version', 'position', 'token'])
    .executeTakeFirst()
  return row && { ...row, position: (row.position ?? undefined) as LogPosition | undefined }
}

/** Writes a slot's checkpoint. */
export async function moveCheckpoint(
  transaction: Kysely<Tables>,
  slot: Slot,
  position: LogPosition | undefined,
): Promise<void> {
  await transaction
    .updateTable('read_model')
    .set({ position: position ?? null })
    .where('slot', '=', slot)
    .execute()
}
