import { once } from 'node:events'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type EventLog, openSqliteEventLog, type RecordedEvent } from '../../event-log/index.ts'
import {
  compareReadModel,
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type Projector,
  type ReadModelDatabase,
  startProjector,
} from '../../projections/index.ts'
import { readCheckpoint } from '../../projections/read-checkpoint.ts'
import { dropUnusedTables } from '../../projections/table-use.ts'
import { readModelVersion } from '../../projections/tables.ts'
import { postgresForTests } from '../support/postgres.ts'
import { anyMoves, type Move, play } from '../support/random-history/index.ts'
import { allRows } from '../support/read-model-rows.ts'
import { spawnProjector } from '../support/spawn-projector.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const postgres = postgresForTests()
const older = readModelVersion - 1

const dialects = [
  ['SQLite', async () => join(temporaryFolder(), 'read-model.db')],
  ['PostgreSQL', () => postgres.newDatabase()],
] as const

const moves: readonly Move[] = fc.sample(anyMoves(400), { numRuns: 1, seed: 21 })[0] ?? []
const folder = suiteFolder()
/** What happens: the first part before a test begins, the rest in its course. */
const history: RecordedEvent[] = []
const begun = () => Math.floor(history.length / 2)
beforeAll(async () => {
  const whole = openSqliteEventLog({ path: join(folder, 'whole.db') })
  await play(whole, moves)
  for await (const events of whole.readAll()) history.push(...events)
  await whole.close()
  const log = openSqliteEventLog({ path: join(folder, 'history.db') })
  await happen(log, history.slice(0, begun()))
  await log.close()
})

async function happen(log: EventLog, events: readonly RecordedEvent[]): Promise<void> {
  for (const { streamId, revision, position: _, ...event } of events)
    await log.append(streamId, [event], revision === 0 ? 'noStream' : revision - 1)
}

const gates: (() => void)[] = []

/** A log that is read only when it is let go on. */
function gated(log: EventLog) {
  const gate = Promise.withResolvers<void>()
  gates.push(gate.resolve)
  let waiting = false
  return {
    open: gate.resolve,
    isWaiting: () => waiting,
    log: {
      ...log,
      async *readAll(options?: Parameters<EventLog['readAll']>[0]) {
        waiting = true
        await gate.promise
        yield* log.readAll(options)
      },
    },
  }
}

describe.each(dialects)('processes that share a read model in %s', (_kind, newAddress) => {
  const opened: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const open of gates.splice(0)) open()
    for (const close of opened.splice(0).reverse()) await close()
  })

  async function setUp() {
    const logPath = join(temporaryFolder(), 'log.db')
    copyFileSync(join(folder, 'history.db'), logPath)
    const log = openSqliteEventLog({ path: logPath })
    opened.push(log.close)
    const rest = history.slice(begun())
    const more = (count: number) => happen(log, rest.splice(0, count))
    return { log, paths: { log: logPath, readModel: await newAddress() }, more }
  }

  /** What one process has of the database. */
  function open(address: string, version = readModelVersion) {
    const database = address.startsWith('postgres://')
      ? openPostgresReadModel({ connectionString: address, version })
      : openSqliteReadModel({ path: address, version })
    const { readModel, progress } = openReadModel(database)
    opened.push(() => readModel.close())
    return {
      database,
      readModel,
      project(log: EventLog): Projector {
        const projector = startProjector({ log, database, progress })
        opened.push(() => projector.stop())
        return projector
      },
    }
  }

  async function upToDate(log: EventLog, database: ReadModelDatabase): Promise<void> {
    const head = await log.head()
    await until('the read model has all', async () => (await readCheckpoint(database, 'live'))?.position === head)
    expect((await compareReadModel(log, database)).differences).toEqual([])
  }

  /** As if time had passed in which nobody said anything about some tables. */
  async function pass(seconds: number, { writes }: ReadModelDatabase, version: number): Promise<void> {
    await writes
      .updateTable('read_models')
      .set({ alive_at: sql`alive_at - ${sql.lit(seconds)}` })
      .where('version', '=', version)
      .execute()
  }

  it('has one of them build, and the others wait for it', async () => {
    const { log, paths } = await setUp()
    const [first, second] = [open(paths.readModel), open(paths.readModel)]
    const slow = gated(log)
    const builder = first.project(slow.log)
    await until('the first one builds', slow.isWaiting)
    let reads = 0
    const waiting = second.project({
      ...log,
      readAll(options) {
        // Whether the log is the one that was projected, it looks at the checkpoint's place.
        if (options?.from === undefined) reads += 1
        return log.readAll(options)
      },
    })
    const status = () => waiting.status()
    await until('the other one waits', () => {
      const now = status()
      return now.state === 'building' && now.by === 'another process'
    })
    await expect(second.readModel.check()).rejects.toMatchObject({ code: 'READ_MODEL_NOT_READY' })
    slow.open()
    await until('both follow the log', () => [builder, waiting].every((one) => one.status().state === 'running'))
    expect(reads).toBe(0)
    await upToDate(log, second.database)
  })

  it('goes on with the work of a builder that was killed, and shows nothing before it is whole', async () => {
    const { log, paths, more } = await setUp()
    const { database, readModel, project } = open(paths.readModel)
    const killed = spawnProjector({ ...paths, atRead: { time: 2, signal: 'SIGKILL' } })
    await once(killed, 'exit')
    const left = (await readCheckpoint(database, 'building'))?.position
    expect(left).toBe(await log.head())
    await more(60)
    const reads: (string | undefined)[] = []
    const projector = project({
      ...log,
      readAll(options) {
        reads.push(options?.after)
        return log.readAll(options)
      },
    })
    await until('it waits for who was killed', () => {
      const now = projector.status()
      return now.state === 'building' && now.by === 'another process'
    })
    await expect(readModel.check()).rejects.toMatchObject({ code: 'READ_MODEL_NOT_READY' })
    await pass(60, database, readModelVersion)
    await until('it takes over', () => projector.status().state === 'running')
    expect(reads[0]).toBe(left)
    await upToDate(log, database)
  })

  it('leaves no half of a batch when the builder is killed within one', async () => {
    const { log, paths } = await setUp()
    const { database, project } = open(paths.readModel)
    const killed = spawnProjector({ ...paths, killAfterBatches: 1 })
    await once(killed, 'exit')
    expect(await readCheckpoint(database, 'building')).toMatchObject({ position: undefined })
    await pass(60, database, readModelVersion)
    project(log)
    await until('it is built', async () => (await readCheckpoint(database, 'live')) !== undefined)
    await upToDate(log, database)
  })

  it('lets nothing of a builder through that was stopped for so long that another one took over', async () => {
    const { log, paths, more } = await setUp()
    const { database, project } = open(paths.readModel)
    const stopped = spawnProjector({ ...paths, atRead: { time: 2, signal: 'SIGSTOP' } })
    await until('it is stopped', () => readFileSync(`/proc/${stopped.pid}/stat`, 'utf8').includes(') T '))
    expect((await readCheckpoint(database, 'building'))?.position).toBe(await log.head())
    const before = await readCheckpoint(database, 'building')
    const slow = gated(log)
    const projector = project(slow.log)
    await pass(60, database, readModelVersion)
    await until('the other one took over', slow.isWaiting)
    stopped.kill('SIGCONT')
    await more(60)
    slow.open()
    await until('it is built', () => projector.status().state === 'running')
    expect((await readCheckpoint(database, 'live'))?.token).not.toBe(before?.token)
    await upToDate(log, database)
    // The one that was stopped follows the log with the others.
    await projector.stop()
    await more(5)
    await upToDate(log, database)
  })

  it('goes on serving the tables of a release while those of another one are built beside them', async () => {
    const { log, paths, more } = await setUp()
    const old = open(paths.readModel, older)
    const oldProjector = old.project(log)
    await until('the old release is at work', () => oldProjector.status().state === 'running')
    await upToDate(log, old.database)

    const fresh = open(paths.readModel)
    const slow = gated(log)
    const freshProjector = fresh.project(slow.log)
    await until('the new release builds', slow.isWaiting)
    await expect(fresh.readModel.check()).rejects.toMatchObject({ code: 'READ_MODEL_NOT_READY' })
    await more(60)
    await upToDate(log, old.database)
    await old.readModel.check()

    slow.open()
    await until('the new release is at work', () => freshProjector.status().state === 'running')
    await upToDate(log, fresh.database)
    await fresh.readModel.check()
    await more(5)
    await upToDate(log, fresh.database)
    await upToDate(log, old.database)
    expect(await allRows(old.database)).toBe(await allRows(fresh.database))
    expect(oldProjector.status().state).toBe('running')
  })

  it('drops the tables of a release that nobody used for a day, and that release builds them anew', async () => {
    const { log, paths } = await setUp()
    const [old, fresh] = [open(paths.readModel, older), open(paths.readModel)]
    const oldProjector = old.project(log)
    fresh.project(log)
    await until('both are built', async () =>
      (
        await Promise.all([old, fresh].map(({ database }) => readCheckpoint(database, 'live').catch(() => undefined)))
      ).every((live) => live !== undefined),
    )
    await oldProjector.stop()

    await pass(80_000, old.database, older)
    await dropUnusedTables(fresh.database)
    await old.readModel.check()
    expect(await readCheckpoint(old.database, 'live')).toBeDefined()

    // A reader needs them, too: it said so as it looked.
    await pass(80_000, old.database, older)
    const reader = open(paths.readModel, older)
    await reader.readModel.check()
    await until('it said so', async () => {
      const { age } = await old.database.reads
        .selectFrom('read_models')
        .select(({ fn }) => fn.max<number>('alive_at').as('age'))
        .where('version', '=', older)
        .executeTakeFirstOrThrow()
      return Math.abs(Date.now() / 1000 - age) < 3_600
    })
    await dropUnusedTables(fresh.database)
    expect(await readCheckpoint(old.database, 'live')).toBeDefined()

    await pass(90_000, old.database, older)
    await dropUnusedTables(fresh.database)
    expect(await readCheckpoint(old.database, 'live')).toBeUndefined()
    await expect(old.readModel.listProjects(never, { direction: 'forward', size: 1 })).rejects.toMatchObject({
      code: 'READ_MODEL_NOT_READY',
    })
    await fresh.readModel.check()
    await upToDate(log, fresh.database)

    const back = old.project(log)
    await until('it is back', () => back.status().state === 'running')
    await upToDate(log, old.database)
    await old.readModel.check()
  })
})

const never = '00000000-0000-4000-8000-000000000000' as Parameters<
  ReturnType<typeof openReadModel>['readModel']['listProjects']
>[0]
