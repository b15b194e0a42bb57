import { randomUUID } from 'node:crypto'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import type { EventLog, LogPosition, RecordedEvent } from '../event-log/index.ts'
import { applyEvents } from './apply-events.ts'
import type { ReadModelDatabase } from './database.ts'
import { createBatchWriter, lockCheckpoint, moveCheckpoint } from './project-batch.ts'
import { ReadModelError } from './read-model-error.ts'
import { createRowWriter } from './row-writer.ts'
import { createTables, dropTables, ensureSchema, lockSchema, renameToLive } from './schema.ts'
import { readModelVersion } from './tables.ts'
import { whenUncontended } from './transaction.ts'

/** What a rebuild needs. */
export type RebuildDependencies = {
  readonly log: Pick<EventLog, 'readAll'>
  readonly database: ReadModelDatabase
  /** Ends the rebuild; what is read then stays what it was. */
  readonly signal?: AbortSignal
  /** Hears how many events have been projected, now and then. */
  readonly onProgress?: (events: number) => void
}

/** How a rebuild ended. */
export type Rebuilt = { readonly events: number; readonly position: LogPosition | undefined }

/** So many events are one transaction: enough that entities are read and written once for several of theirs. */
const batchSize = 4_000

/**
 * Projects the whole log anew, beside the read model that is in use: a second set of tables is filled in ordinary
 * batches, while readers and the projector go on with the first. Then one transaction adds what came meanwhile and puts
 * the second set in the place of the first. When anything fails, the first set stays.
 *
 * @throws ReadModelError `REBUILD_SUPERSEDED` when another rebuild began, and as the projector does
 */
export async function rebuildReadModel(dependencies: RebuildDependencies): Promise<Rebuilt> {
  const { log, database, signal, onProgress } = dependencies
  const writer = createRowWriter(database.kind)
  const batches = createBatchWriter(database, writer)
  await ensureSchema(database)
  const token = await beginBuilding(database)
  let events = 0
  let position: LogPosition | undefined
  // The second pass takes what came while the first was at work, so that the last transaction is short.
  for (let pass = 0; pass < 2; pass += 1)
    for await (const batch of inBatches(log.readAll(position === undefined ? {} : { after: position }))) {
      signal?.throwIfAborted()
      const outcome = await batches.project('building', token, position, batch)
      if (outcome === 'gone') throw superseded()
      position = outcome.position
      events += batch.length
      onProgress?.(events)
      await eventLoopTurn()
    }
  return whenUncontended(database, async (transaction) => {
    await lockSchema(database, transaction)
    const live = await lockCheckpoint(transaction, 'live')
    const building = await lockCheckpoint(transaction, 'building')
    if (live === undefined || building?.token !== token) throw superseded()
    let last = building.position
    let added = 0
    for await (const batch of inBatches(log.readAll(last === undefined ? {} : { after: last }))) {
      await applyEvents(writer, transaction, 'building', batch)
      last = batch.at(-1)?.position ?? last
      added += batch.length
    }
    await moveCheckpoint(transaction, 'live', last)
    await dropTables(transaction, 'live')
    await renameToLive(transaction)
    await transaction
      .updateTable('read_model')
      .set({ version: readModelVersion, token })
      .where('slot', '=', 'live')
      .execute()
    await transaction.deleteFrom('read_model').where('slot', '=', 'building').execute()
    return { events: events + added, position: last }
  })
}

async function beginBuilding(database: ReadModelDatabase): Promise<string> {
  const token = randomUUID()
  await whenUncontended(database, async (transaction) => {
    await lockSchema(database, transaction)
    await transaction.deleteFrom('read_model').where('slot', '=', 'building').execute()
    await dropTables(transaction, 'building')
    await createTables(database, transaction, 'building', token)
    await transaction
      .insertInto('read_model')
      .values({ slot: 'building', version: readModelVersion, position: null, token })
      .execute()
  })
  return token
}

async function* inBatches(source: AsyncIterable<readonly RecordedEvent[]>): AsyncGenerator<readonly RecordedEvent[]> {
  let batch: RecordedEvent[] = []
  for await (const events of source) {
    batch.push(...events)
    if (batch.length >= batchSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

function superseded(): ReadModelError {
  return new ReadModelError('REBUILD_SUPERSEDED', 'Another rebuild of the read model began; this one ended.')
}
