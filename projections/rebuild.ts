import { setImmediate as eventLoopTurn, setTimeout as pause } from 'node:timers/promises'
import { type EventLog, type LogEntry, type LogPosition, readEverything } from '../event-log/index.ts'
import { applyEvents } from './apply-events.ts'
import { type BuildClaim, claimBuild, keepClaim } from './build-claim.ts'
import type { ReadModelDatabase } from './database.ts'
import { commitUnflushed, createBatchWriter, eventsBefore, lockCheckpoint, moveCheckpoint } from './project-batch.ts'
import { ReadModelError } from './read-model-error.ts'
import { createRowWriter } from './row-writer.ts'
import { createIndex, dropTables, ensureSchema, lockSchema, renameToLive, tableIndexes } from './schema.ts'
import { whenUncontended } from './transaction.ts'

/** What a build needs. */
export type RebuildDependencies = {
  readonly log: Pick<EventLog, 'readAll'>
  readonly database: ReadModelDatabase
  /** Ends the build; what is read then stays what it was. */
  readonly signal?: AbortSignal
  /** Called after each batch with how many events have been projected. */
  readonly onProgress?: (events: number) => void
  /** Called repeatedly while another process builds the same tables and is waited for. */
  readonly onWaiting?: () => void
}

/** How a build ended. */
export type Rebuilt = { readonly events: number; readonly position: LogPosition | undefined }

/** So many events are one transaction: enough that entities are read and written once for several of theirs. */
const batchSize = 4_000
/** For how long a build leaves the database to others between two transactions, in milliseconds. */
const givenMs = 12
/** How often a process that waits for another one's build looks whether it is over, in milliseconds. */
const lookMs = 250

/**
 * Projects the whole log anew, beside the read model that is in use: a second set of tables is filled in ordinary
 * batches, while readers and the projector go on with the first. Then one transaction adds what came meanwhile and puts
 * the second set in the place of the first. When anything fails, the first set stays. One process builds at a time;
 * others wait until it is done.
 *
 * @throws ReadModelError `REBUILD_SUPERSEDED` when another process took the build over, and as the projector does
 */
export async function rebuildReadModel(dependencies: RebuildDependencies): Promise<Rebuilt> {
  const built = await buildWhenClaimed(dependencies, 'anew')
  return built as Rebuilt
}

/**
 * Makes the tables of this release when there are none, beside those of other releases; where another process builds
 * them, it waits for that one, and goes on with its work when it ends before it is done.
 *
 * @throws as {@link rebuildReadModel}
 */
export async function buildMissingReadModel(dependencies: RebuildDependencies): Promise<void> {
  await buildWhenClaimed(dependencies, 'missing')
}

async function buildWhenClaimed(
  dependencies: RebuildDependencies,
  wanted: 'missing' | 'anew',
): Promise<Rebuilt | undefined> {
  const { signal, onWaiting } = dependencies
  await ensureSchema(dependencies.database)
  const builder = dependencies.database.openBuilder()
  const database = { ...dependencies.database, writes: builder.writes }
  try {
    for (;;) {
      signal?.throwIfAborted()
      const claim = await claimBuild(database, wanted)
      if (claim === 'built') return undefined
      if (claim !== 'claimed elsewhere') return await build({ ...dependencies, database }, claim, wanted)
      onWaiting?.()
      await pause(lookMs, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    await builder.close()
  }
}

async function build(
  dependencies: RebuildDependencies,
  claim: BuildClaim,
  wanted: 'missing' | 'anew',
): Promise<Rebuilt> {
  const { log, database, signal, onProgress } = dependencies
  const giveWay = await wayForOthers(database)
  const lease = keepClaim(database, claim)
  const batches = createBatchWriter(database)
  let events = 0
  let { position } = claim
  let isWhole = true

  async function copyLog(): Promise<void> {
    for await (const batch of readAhead(inBatches(readEverything(log, afterPosition(position))))) {
      signal?.throwIfAborted()
      if (lease.lost.aborted) throw superseded()
      const outcome = await batches.project('building', claim.token, position, batch).catch(async (error: unknown) => {
        // Where there is nothing yet, what stands before an event that cannot be projected is worth showing.
        const known = wanted === 'missing' ? eventsBefore(error, batch) : undefined
        if (known === undefined) throw error
        isWhole = false
        return batches.project('building', claim.token, position, known)
      })
      if (outcome === 'gone') throw superseded()
      position = outcome.position
      if (!isWhole) return
      events += batch.length
      onProgress?.(events)
      await giveWay()
    }
  }

  try {
    await copyLog()
    await addIndexes(dependencies, claim, giveWay)
    // Takes what came while the first was at work, so that the last transaction is short.
    if (isWhole) await copyLog()
    const { position: last, added } = await putInPlace(isWhole ? dependencies : { ...dependencies, log: noMore }, claim)
    await lease.end('nothing')
    return { events: events + added, position: last }
  } catch (error) {
    await lease.end('up')
    throw error
  }
}

/**
 * What a build does between two transactions: where tables are in use, who writes them gets the database. SQLite gives it to whoever
 * asks first, and others ask again after 10 ms at the latest ({@link whenUncontended}).
 */
async function wayForOthers({ kind, reads }: ReadModelDatabase): Promise<() => Promise<void>> {
  const live = await reads.selectFrom('read_models').select('token').where('slot', '=', 'live').execute()
  return kind === 'sqlite' && live.length > 0 ? () => pause(givenMs) : () => eventLoopTurn()
}

/**
 * Each index in a transaction of its own, that ends with a sign of life: nobody takes the build over for its long silence, and a
 * build that was ended goes on with the next one.
 */
async function addIndexes(
  { database, signal }: RebuildDependencies,
  { token, build }: BuildClaim,
  giveWay: () => Promise<void>,
): Promise<void> {
  for (const index of tableIndexes) {
    signal?.throwIfAborted()
    await whenUncontended(database, async (transaction) => {
      const building = await lockCheckpoint(database, transaction, 'building')
      if (building?.token !== token) throw superseded()
      await commitUnflushed(database, transaction)
      await createIndex(database, transaction, build, index)
      await moveCheckpoint(database, transaction, 'building', building.position)
    })
    await giveWay()
  }
}

async function putInPlace(
  { log, database }: RebuildDependencies,
  { token }: BuildClaim,
): Promise<{ readonly position: LogPosition | undefined; readonly added: number }> {
  const writer = createRowWriter(database)
  const { version } = database
  return whenUncontended(database, async (transaction) => {
    await lockSchema(database, transaction)
    const live = await lockCheckpoint(database, transaction, 'live')
    const building = await lockCheckpoint(database, transaction, 'building')
    if (building?.token !== token) throw superseded()
    let { position } = building
    let added = 0
    for await (const batch of inBatches(readEverything(log, afterPosition(position)))) {
      await applyEvents(writer, transaction, 'building', batch)
      position = batch.at(-1)?.position ?? position
      added += batch.length
    }
    await moveCheckpoint(database, transaction, 'building', position)
    if (live !== undefined) {
      await dropTables(database, transaction, version, 'live')
      await transaction.deleteFrom('read_models').where('version', '=', version).where('slot', '=', 'live').execute()
    }
    await renameToLive(database, transaction)
    await transaction
      .updateTable('read_models')
      .set({ slot: 'live' })
      .where('version', '=', version)
      .where('slot', '=', 'building')
      .execute()
    return { position, added }
  })
}

async function* inBatches(source: AsyncIterable<readonly LogEntry[]>): AsyncGenerator<readonly LogEntry[]> {
  let batch: LogEntry[] = []
  for await (const events of source) {
    batch.push(...events)
    if (batch.length >= batchSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** Reads the next item while the last one is worked on, so that log and database work side by side. */
async function* readAhead<Item>(source: AsyncGenerator<Item>): AsyncGenerator<Item> {
  let next = source.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done) return
      next = source.next()
      // When the consumer stops early, a failure of this read must not become an unhandled rejection.
      next.catch(() => undefined)
      yield value
    }
  } finally {
    await source.return(undefined).catch(() => undefined)
  }
}

function afterPosition(position: LogPosition | undefined) {
  return position === undefined ? {} : { after: position }
}

const noMore: RebuildDependencies['log'] = { async *readAll() {} }

function superseded(): ReadModelError {
  return new ReadModelError(
    'REBUILD_SUPERSEDED',
    'This build of the read model did not say for too long that it is at work; another process took it over.',
  )
}
