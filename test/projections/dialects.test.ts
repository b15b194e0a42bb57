import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type EventLog, openSqliteEventLog, type RecordedEvent } from '../../event-log/index.ts'
import {
  compareReadModel,
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type Projector,
  type ReadModelDatabase,
  rebuildReadModel,
  startProjector,
} from '../../projections/index.ts'
import { createBatchWriter } from '../../projections/project-batch.ts'
import { readCheckpoint } from '../../projections/read-checkpoint.ts'
import { buildMissingReadModel } from '../../projections/rebuild.ts'
import { postgresForTests } from '../support/postgres.ts'
import { anyMoves, type Move, play, randomOrganization } from '../support/random-history/index.ts'
import { allRows } from '../support/read-model-rows.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const postgres = postgresForTests()

const dialects = [
  [
    'SQLite',
    async (onQuery?: (sql: string) => void) =>
      openSqliteReadModel({ path: join(temporaryFolder(), 'read-model.db'), ...(onQuery && { onQuery }) }),
  ],
  [
    'PostgreSQL',
    async (onQuery?: (sql: string) => void) =>
      openPostgresReadModel({ connectionString: await postgres.newDatabase(), ...(onQuery && { onQuery }) }),
  ],
] as const

/** The tables of an empty log. */
async function makeTables(database: ReadModelDatabase): Promise<void> {
  await buildMissingReadModel({ log: { async *readAll() {} }, database })
}

async function everything(log: EventLog): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const batch of log.readAll()) events.push(...batch)
  return events
}

/** Some history, always the same, in a file that is copied. */
const history: readonly Move[] = fc.sample(anyMoves(500), { numRuns: 1, seed: 7 })[0] ?? []
const folder = suiteFolder()
beforeAll(async () => {
  const log = openSqliteEventLog({ path: join(folder, 'history.db') })
  await play(log, history)
  await log.close()
})

describe.each(dialects)('the read model in %s', (kind, open) => {
  const opened: { close: () => Promise<void> }[] = []
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close()
  })

  async function openLog(content: 'empty' | 'history' = 'empty'): Promise<EventLog> {
    const path = join(temporaryFolder(), 'log.db')
    if (content === 'history') copyFileSync(join(folder, 'history.db'), path)
    const log = openSqliteEventLog({ path })
    opened.push(log)
    return log
  }

  async function openDatabase(onQuery?: (sql: string) => void): Promise<ReadModelDatabase> {
    const database = await open(onQuery)
    opened.push(database)
    return database
  }

  async function project(log: EventLog, database: ReadModelDatabase): Promise<Projector> {
    const projector = startProjector({ log, database, progress: { notify: () => undefined } })
    opened.push({ close: projector.stop })
    await until('the projector is at work', () => !['starting', 'building'].includes(projector.status().state))
    return projector
  }

  async function caughtUp(log: EventLog, database: ReadModelDatabase): Promise<void> {
    const head = await log.head()
    await until('the read model has all', async () => (await readCheckpoint(database, 'live'))?.position === head)
  }

  it('says what the log says, whatever happened and in whatever pieces it came', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyMoves(kind === 'SQLite' ? 400 : 200),
        fc.integer({ min: 1, max: 40 }),
        async (moves, size) => {
          const log = await openLog()
          const database = await openDatabase()
          await play(log, moves)
          await makeTables(database)
          const batches = createBatchWriter(database)
          const token = (await readCheckpoint(database, 'live'))?.token ?? ''
          for await (const events of log.readAll())
            for (let start = 0; start < events.length; start += size) {
              const piece = events.slice(start, start + size)
              const before = (await readCheckpoint(database, 'live'))?.position
              expect(await batches.project('live', token, before, piece)).toMatchObject({
                position: piece.at(-1)?.position,
              })
            }
          expect((await compareReadModel(log, database)).differences).toEqual([])
          const live = await allRows(database)
          await rebuildReadModel({ log, database })
          expect(await allRows(database)).toBe(live)
        },
      ),
      { numRuns: kind === 'SQLite' ? 8 : 4 },
    )
  })

  it('is the same after a rebuild, byte for byte', async () => {
    const log = await openLog('history')
    const database = await openDatabase()
    await project(log, database)
    await caughtUp(log, database)
    const before = await allRows(database)
    const { events, position } = await rebuildReadModel({ log, database })
    expect(position).toBe(await log.head())
    expect(events).toBeGreaterThan(150)
    expect(await allRows(database)).toBe(before)
    expect((await compareReadModel(log, database)).differences).toEqual([])
  })

  it('follows on after a rebuild, beside the projector that was at work', async () => {
    const log = await openLog()
    const database = await openDatabase()
    await play(log, history.slice(0, 200))
    const projector = await project(log, database)
    await caughtUp(log, database)
    await rebuildReadModel({ log, database })
    const other = await openLog('history')
    // What is in the first log already keeps its ids and is not written again.
    for await (const events of other.readAll())
      for (const { streamId, revision, ...event } of events)
        await log.append(streamId, [event], revision === 0 ? 'noStream' : revision - 1)
    await caughtUp(log, database)
    expect(projector.status()).toMatchObject({ state: 'running' })
    expect((await compareReadModel(log, database)).differences).toEqual([])
  })

  it('never shows half of a rebuild', async () => {
    const log = await openLog('history')
    const database = await openDatabase()
    await project(log, database)
    await caughtUp(log, database)
    const count = async () => {
      const { rows } = await database.reads
        .selectFrom('events')
        .select(({ fn }) => fn.countAll().as('rows'))
        .executeTakeFirstOrThrow()
      return Number(rows)
    }
    const expected = await count()
    let over = false
    const seen = new Set<number>()
    const reading = (async () => {
      while (!over) {
        seen.add(await count())
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    for (let round = 0; round < 3; round += 1) await rebuildReadModel({ log, database })
    over = true
    await reading
    expect([...seen]).toEqual([expected])
  })

  it('stays as it is when a rebuild ends early, and another rebuild can follow', async () => {
    const log = await openLog('history')
    const database = await openDatabase()
    await project(log, database)
    await caughtUp(log, database)
    const before = await allRows(database)
    const failing = {
      async *readAll() {
        for await (const events of log.readAll()) {
          yield events.slice(0, 50)
          throw new Error('the log went away')
        }
      },
    }
    await expect(rebuildReadModel({ log: failing, database })).rejects.toThrow('the log went away')
    expect(await allRows(database)).toBe(before)
    await rebuildReadModel({ log, database })
    expect(await allRows(database)).toBe(before)
  })

  it('rebuilds in one process at a time, the next one when it is done', async () => {
    const log = await openLog('history')
    const database = await openDatabase()
    await project(log, database)
    await caughtUp(log, database)
    const before = await allRows(database)
    let underWay = 0
    let together = 0
    const counted = {
      async *readAll(options?: Parameters<EventLog['readAll']>[0]) {
        underWay += options?.after === undefined ? 1 : 0
        together = Math.max(together, underWay)
        yield* log.readAll(options)
        underWay -= options?.after === undefined ? 1 : 0
      },
    }
    const rebuilt = await Promise.all([1, 2, 3].map(() => rebuildReadModel({ log: counted, database })))
    const head = await log.head()
    expect(rebuilt.map(({ position }) => position)).toEqual([head, head, head])
    expect(together).toBe(1)
    expect(await allRows(database)).toBe(before)
  })

  it('takes events that come again only once', async () => {
    const log = await openLog('history')
    const database = await openDatabase()
    await makeTables(database)
    const batches = createBatchWriter(database)
    const token = (await readCheckpoint(database, 'live'))?.token ?? ''
    const all = await everything(log)
    const [head, middle] = [all.slice(0, 100), all.slice(0, 150)]
    await batches.project('live', token, undefined, head)
    await batches.project('live', token, undefined, head)
    await batches.project('live', token, undefined, middle)
    await batches.project('live', token, head[49]?.position, all.slice(50))
    expect((await compareReadModel(log, database)).differences).toEqual([])
  })

  it('writes all rows of a batch together, in few statements a table', async () => {
    const log = await openLog('history')
    const statements: string[] = []
    const database = await openDatabase((sql) => statements.push(sql))
    await makeTables(database)
    const batches = createBatchWriter(database)
    const token = (await readCheckpoint(database, 'live'))?.token ?? ''
    const all = await everything(log)
    expect(all.length).toBeGreaterThan(150)
    await batches.project('live', token, undefined, all)
    const inserts = statements.filter((sql) => /^insert into ".*events"/.test(sql))
    // SQLite has texts for a few numbers of rows only.
    expect(inserts.length).toBeLessThanOrEqual(kind === 'PostgreSQL' ? 1 : 12)
  })

  it('takes no events that leave a gap', async () => {
    const log = await openLog('history')
    const database = await openDatabase()
    await makeTables(database)
    const batches = createBatchWriter(database)
    const token = (await readCheckpoint(database, 'live'))?.token ?? ''
    const all = await everything(log)
    expect(await batches.project('live', token, all[9]?.position, all.slice(10, 20))).toBe('gone')
    expect(await batches.project('live', 'another token', undefined, all)).toBe('gone')
    expect((await readCheckpoint(database, 'live'))?.position).toBeUndefined()
  })

  it('is kept by several projectors at once, each event once', async () => {
    const log = await openLog()
    const database = await openDatabase()
    const projectors = await Promise.all([1, 2, 3].map(() => project(log, database)))
    await play(log, history)
    await caughtUp(log, database)
    expect((await compareReadModel(log, database)).differences).toEqual([])
    for (const projector of projectors) await until('it runs', () => projector.status().state === 'running')
  })

  it('shows what comes before an event that is not known, and stops there with a code', async () => {
    const log = await openLog('history')
    const database = await openDatabase()
    const known = await log.head()
    const last = (await everything(log)).at(-1)
    const metadata = { ...(last?.metadata as NonNullable<typeof last>['metadata']) }
    const id = crypto.randomUUID()
    await log.append(
      `project-${id}`,
      [{ id, type: 'ProjectTurnedInsideOut', data: { schemaVersion: 1 }, metadata }],
      'noStream',
    )
    const projector = await project(log, database)
    await until('it stops', () => projector.status().state === 'failed')
    expect(projector.status()).toMatchObject({ state: 'failed', code: 'PROJECTION_EVENT_UNKNOWN' })
    expect((await readCheckpoint(database, 'live'))?.position).toBe(known)
    await expect(rebuildReadModel({ log, database })).rejects.toMatchObject({ code: 'PROJECTION_EVENT_UNKNOWN' })
    const { readModel } = openReadModel(database)
    expect(await readModel.position()).toBe(known)
  })

  it('finds nothing by texts that no entity can have, and takes no cursor with them', async () => {
    const database = await openDatabase()
    await makeTables(database)
    const { readModel } = openReadModel(database)
    const first = { direction: 'forward', size: 10 } as const
    for (const text of ['\0', 'a\0b', '\ud800', "'; drop table events --", '%', 'x'.repeat(100_000)]) {
      expect((await readModel.listEvents(randomOrganization, { streamId: text, types: [text] }, first)).items).toEqual(
        [],
      )
      expect(
        await readModel.eventsOfStreams(randomOrganization, [{ streamId: `user-${text.length}`, from: 0, to: 9 }]),
      ).toEqual([[]])
      const after = Buffer.from(JSON.stringify([text, text])).toString('base64url')
      const page = readModel.listProjects(randomOrganization, { ...first, after })
      if (text.includes('\0')) await expect(page).rejects.toMatchObject({ code: 'CURSOR_MALFORMED' })
      else expect((await page).items).toEqual([])
    }
  })

  it('orders texts byte by byte, whatever the locale of the cluster', async () => {
    const log = await openLog()
    const database = await openDatabase()
    const slugs = ['a_b', 'a-b', 'a.b', 'ab', 'b', 'a1']
    for (const [number, slug] of slugs.entries()) {
      const projectId = `33333333-0000-4000-8000-00000000000${number}`
      await log.append(
        `project-${projectId}`,
        [
          {
            id: crypto.randomUUID(),
            type: 'ProjectCreated',
            data: {
              schemaVersion: 1,
              projectId,
              organizationId: randomOrganization,
              slug,
              name: slug,
              description: null,
              repositoryUrl: null,
            },
            metadata: {
              schemaVersion: 1,
              organizationId: randomOrganization,
              actor: { kind: 'system', component: 'test' },
              correlationId: projectId,
              causationId: projectId,
              occurredAt: '2026-01-01T00:00:00.000Z',
            },
          },
        ],
        'noStream',
      )
    }
    await project(log, database)
    await caughtUp(log, database)
    const { readModel } = openReadModel(database)
    const listed: string[] = []
    let after: string | undefined
    do {
      const page = await readModel.listProjects(randomOrganization, {
        direction: 'forward',
        size: 2,
        ...(after === undefined ? {} : { after }),
      })
      listed.push(...page.items.map(({ item }) => item.slug))
      after = page.hasNextPage ? page.items.at(-1)?.cursor : undefined
    } while (after !== undefined)
    expect(listed).toEqual([...slugs].sort())
  })
})
