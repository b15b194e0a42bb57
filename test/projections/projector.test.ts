import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type EventLog,
  EventLogError,
  openSqliteEventLog,
  type RecordedEvent,
  readWholeStream,
} from '../../event-log/index.ts'
import {
  compareReadModel,
  openReadModel,
  openSqliteReadModel,
  type Projector,
  type ProjectorStatus,
  type ReadModel,
  type ReadModelDatabase,
  readBrokenStreams,
  rebuildReadModel,
  replayLog,
  startProjector,
} from '../../projections/index.ts'
import { buildMissingReadModel } from '../../projections/rebuild.ts'
import { anyMoves, play, randomOrganization } from '../support/random-history/index.ts'
import { allRows } from '../support/read-model-rows.ts'
import { spawnProjector } from '../support/spawn-projector.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const history = fc.sample(anyMoves(150), { numRuns: 1, seed: 3 })[0] ?? []

type Parts = {
  readonly folder: string
  /** For a projector in a process of its own. */
  readonly paths: { readonly log: string; readonly readModel: string }
  readonly log: EventLog
  readonly database: ReadModelDatabase
  readonly readModel: ReadModel
  readonly project: (log?: EventLog) => Projector
  readonly statuses: ProjectorStatus[]
}

function open(): Parts {
  const folder = temporaryFolder()
  const paths = { log: join(folder, 'log.db'), readModel: join(folder, 'read-model.db') }
  const log = openSqliteEventLog({ path: paths.log })
  const database = openSqliteReadModel({ path: paths.readModel })
  const { readModel, progress } = openReadModel(database)
  const projectors: Projector[] = []
  const statuses: ProjectorStatus[] = []
  onTestFinished(async () => {
    for (const projector of projectors) await projector.stop()
    await readModel.close()
    await log.close()
  })
  return {
    folder,
    paths,
    log,
    database,
    readModel,
    statuses,
    project: (from = log) => {
      const projector = startProjector({ log: from, database, progress, onStatus: (status) => statuses.push(status) })
      projectors.push(projector)
      return projector
    },
  }
}

/** The tables of an empty log, so that what follows is projected into what is read. */
async function makeTables({ database }: Parts): Promise<void> {
  await buildMissingReadModel({ log: { async *readAll() {} }, database })
}

async function caughtUp({ log, readModel }: Pick<Parts, 'log' | 'readModel'>): Promise<void> {
  const head = await log.head()
  await until('the read model has all', async () => (await readModel.position().catch(() => undefined)) === head)
}

describe('the projector', () => {
  it('writes rows and checkpoint together: killed between them, it leaves neither', async () => {
    const parts = open()
    await makeTables(parts)
    await play(parts.log, history)
    const killed = spawnProjector({ ...parts.paths, killAfterBatches: 1 })
    const [code, signal] = await once(killed, 'exit')
    expect([code, signal]).toEqual([null, 'SIGKILL'])
    expect(await parts.readModel.position()).toBeUndefined()
    expect((await compareReadModel(parts.log, parts.database)).differences).toEqual([])
    const { rows } = await parts.database.reads
      .selectFrom('events')
      .select(({ fn }) => fn.countAll().as('rows'))
      .executeTakeFirstOrThrow()
    expect(rows).toBe(0)

    parts.project()
    await caughtUp(parts)
    expect((await compareReadModel(parts.log, parts.database)).differences).toEqual([])
  })

  it('goes on in another process where a killed one was, again and again', async () => {
    const parts = open()
    await makeTables(parts)
    let allowed = 0
    const moves = fc.sample(anyMoves(900), { numRuns: 1, seed: 4 })[0] ?? []
    const playing = play(parts.log, moves, (move) => until('it may go on', () => move < allowed))
    for (let round = 1; round <= 3; round += 1) {
      const before = await parts.readModel.position().catch(() => undefined)
      const killed = spawnProjector(parts.paths)
      allowed = round * 150
      await until('it wrote something', async () => (await parts.readModel.position().catch(() => before)) !== before)
      killed.kill('SIGKILL')
      await once(killed, 'exit')
      expect((await compareReadModel(parts.log, parts.database)).differences).toEqual([])
    }
    allowed = moves.length
    await playing
    parts.project()
    await caughtUp(parts)
    expect((await compareReadModel(parts.log, parts.database)).differences).toEqual([])
  })

  it('lets queries of another process wait for what it projects', async () => {
    const parts = open()
    spawnProjector(parts.paths)
    await until('the tables are there', () =>
      parts.readModel.check().then(
        () => true,
        () => false,
      ),
    )
    await play(parts.log, history)
    const head = await parts.log.head()
    if (head === undefined) throw new Error('nothing happened')
    await parts.readModel.waitFor(head, { timeoutMs: 20_000 })
    expect(await parts.readModel.position()).toBe(head)
    await expect(parts.readModel.waitFor(`${head}9` as typeof head, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'READ_MODEL_BEHIND',
      details: { actual: head },
    })
  })

  it('shares the work with a projector of another process, each event once', async () => {
    const parts = open()
    spawnProjector(parts.paths)
    const projector = parts.project()
    await play(parts.log, fc.sample(anyMoves(400), { numRuns: 1, seed: 6 })[0] ?? [])
    await caughtUp(parts)
    expect((await compareReadModel(parts.log, parts.database)).differences).toEqual([])
    await rebuildReadModel({ log: parts.log, database: parts.database })
    await play(parts.log, [[13, 0, 1]])
    await caughtUp(parts)
    expect((await compareReadModel(parts.log, parts.database)).differences).toEqual([])
    expect(projector.status().state).toBe('running')
  })

  it('keeps no hash of a token, neither in rows nor anywhere in the file', async () => {
    const parts = open()
    await play(parts.log, fc.sample(anyMoves(200), { numRuns: 1, seed: 5 })[0] ?? [])
    parts.project()
    await caughtUp(parts)
    const { items } = await parts.readModel.listEvents(
      randomOrganization,
      { types: ['ApiTokenIssued'] },
      { direction: 'forward', size: 100 },
    )
    expect(items.length).toBeGreaterThan(0)
    await parts.readModel.close()
    await parts.log.close()
    const written = (name: string) =>
      readdirSync(parts.folder)
        .filter((file) => file.startsWith(name))
        .some((file) => readFileSync(join(parts.folder, file)).includes('tokenHash'))
    expect(written('log.db')).toBe(true)
    expect(written('read-model.db')).toBe(false)
  })

  it.each([
    ['an unknown kind of stream', 'garden-1', 'TreePlanted', 1, 'PROJECTION_STREAM_UNKNOWN'],
    ['an unknown type', `security-${randomOrganization}-2026-01-01`, 'TreePlanted', 1, 'PROJECTION_EVENT_UNKNOWN'],
    [
      'a type in the wrong stream',
      `security-${randomOrganization}-2026-01-01`,
      'UserCreated',
      1,
      'PROJECTION_EVENT_UNKNOWN',
    ],
    [
      'an unknown schema version',
      'user-11111111-0000-4000-8000-00000000000f',
      'UserCreated',
      99,
      'PROJECTION_SCHEMA_VERSION_UNKNOWN',
    ],
  ])('stops at %s, and says so', async (_what, streamId, type, schemaVersion, code) => {
    const parts = open()
    const metadata = {
      schemaVersion: 1,
      organizationId: randomOrganization,
      actor: { kind: 'system', component: 'test' },
      correlationId: 'x',
      causationId: 'x',
      occurredAt: '2026-01-01T00:00:00.000Z',
    } as const
    await parts.log.append(streamId, [{ id: crypto.randomUUID(), type, data: { schemaVersion }, metadata }], 'noStream')
    const projector = parts.project()
    await until('it stops', () => projector.status().state === 'failed')
    expect(projector.status()).toMatchObject({ code, message: expect.stringContaining(streamId) })
    expect(parts.statuses.at(-1)).toMatchObject({ state: 'failed', code })
    expect(await parts.readModel.position()).toBeUndefined()
  })

  it.each([
    ['an event that is no JSON', "UPDATE events SET data = '{' WHERE position = ?", 'not a JSON object'],
    ['an event without metadata', "UPDATE events SET metadata = '{}' WHERE position = ?", 'no schema version'],
    [
      'an event of no organization',
      "UPDATE events SET metadata = json_remove(metadata, '$.organizationId') WHERE position = ?",
      'names no organization',
    ],
    [
      'an event that does not say when',
      "UPDATE events SET metadata = json_remove(metadata, '$.occurredAt') WHERE position = ?",
      'when it occurred',
    ],
    [
      'an event that does not say who',
      "UPDATE events SET metadata = json_remove(metadata, '$.actor') WHERE position = ?",
      'who acted',
    ],
    [
      'an event without a version',
      "UPDATE events SET data = json_remove(data, '$.schemaVersion') WHERE position = ?",
      'no schema version',
    ],
    [
      'an event that lacks what its type has',
      "UPDATE events SET data = json_object('schemaVersion', 1) WHERE position = ?",
      'UserCreated',
    ],
    ['a stream that lacks its beginning', 'DELETE FROM events WHERE position = ?', 'revision 1 where 0'],
  ])('goes on past %s, which costs its stream alone, and names it', async (_what, statement, reason) => {
    const parts = open()
    await play(parts.log, history)
    const [user] = await userStreams(parts.log)
    if (user === undefined) throw new Error('the history has no user with two events')
    const [{ type, data, metadata }] = (await readWholeStream(parts.log, user.streamId)).events as [RecordedEvent]
    tamper(parts.paths.log, [statement, user.first])
    parts.project()
    await caughtUp(parts)
    const later = [{ id: crypto.randomUUID(), type, data, metadata }]
    await parts.log.append(`user-${crypto.randomUUID()}`, later, 'noStream')
    await caughtUp(parts)

    const broken = await readBrokenStreams(parts.database, { limit: 10 })
    expect(broken).toEqual([
      expect.objectContaining({ streamId: user.streamId, reason: expect.stringContaining(reason) }),
    ])
    const { brokenStreams, streams } = await replayLog(parts.log)
    expect(brokenStreams).toEqual(broken)
    expect(streams).toBeGreaterThan(5)
    const [id] = user.streamId.split('user-').slice(1)
    const rows = await parts.database.reads.selectFrom('users').select('id').execute()
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.map((row) => row.id)).not.toContain(id)
    expect((await compareReadModel(parts.log, parts.database)).differences).toEqual([])
    const live = await allRows(parts.database)
    await rebuildReadModel({ log: parts.log, database: parts.database })
    expect(await allRows(parts.database)).toBe(live)
    expect(parts.statuses.filter(({ state }) => state === 'failed' || state === 'waiting')).toEqual([])
  })

  it('waits while the log is away, and goes on', async () => {
    const parts = open()
    let away = true
    const flaky: EventLog = {
      ...parts.log,
      subscribe: (options) => {
        if (away) throw new EventLogError('EVENT_LOG_UNAVAILABLE', 'The log is away.')
        return parts.log.subscribe(options)
      },
    }
    await play(parts.log, history)
    const projector = parts.project(flaky)
    await until('it waits', () => projector.status().state === 'waiting')
    expect(projector.status()).toMatchObject({ code: 'EVENT_LOG_UNAVAILABLE' })
    away = false
    await until('it goes on', () => projector.status().state === 'running')
    await caughtUp(parts)
  })

  it('does not pass over the events of a log that was put in the place of a longer one', async () => {
    const parts = open()
    await play(parts.log, history)
    const projector = parts.project()
    await caughtUp(parts)
    await projector.stop()
    const shorter = openSqliteEventLog({ path: join(parts.folder, 'shorter.db') })
    onTestFinished(() => shorter.close())
    await play(shorter, history.slice(0, 20))
    const confused = parts.project(shorter)
    await until('it waits', () => confused.status().state === 'waiting')
    expect(confused.status()).toMatchObject({ code: 'READ_MODEL_AHEAD' })
  })
})

describe('opening the read model', () => {
  it('refuses a database that is something else, and leaves it as it is', () => {
    const path = join(temporaryFolder(), 'other.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE things (name TEXT)')
    other.close()
    const before = readFileSync(path)
    expect(() => openSqliteReadModel({ path })).toThrow(expect.objectContaining({ code: 'READ_MODEL_FOREIGN' }))
    expect(readFileSync(path)).toEqual(before)
  })

  it('says that it cannot be opened, by code', () => {
    expect(() => openSqliteReadModel({ path: join(temporaryFolder(), 'no/such/folder.db') })).toThrow(
      expect.objectContaining({ code: 'READ_MODEL_UNAVAILABLE' }),
    )
  })

  it('answers queries with a code while there is none', async () => {
    const { readModel } = openReadModel(openSqliteReadModel({ path: join(temporaryFolder(), 'read-model.db') }))
    onTestFinished(() => readModel.close())
    await expect(readModel.organization(randomOrganization)).rejects.toMatchObject({ code: 'READ_MODEL_NOT_READY' })
  })
})

/** Users with a second event, and the positions of their first. */
async function userStreams(log: EventLog): Promise<readonly { readonly streamId: string; readonly first: number }[]> {
  const found = new Map<string, { streamId: string; first: number; events: number }>()
  for await (const batch of log.readAll())
    for (const { streamId, position } of batch) {
      if (!streamId.startsWith('user-')) continue
      const known = found.get(streamId)
      if (known === undefined) found.set(streamId, { streamId, first: Number(position), events: 1 })
      else known.events += 1
    }
  return [...found.values()].filter(({ events }) => events > 1)
}
