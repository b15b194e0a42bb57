import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type ActivityStore,
  openPostgresActivityStore,
  openSqliteActivityStore,
  startDetection,
} from '../../detection/index.ts'
import type { ObservedEvent } from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'
import { acting, activityLog, appendAll, expectedFindings, moment, recordedFindings } from '../support/activity.ts'
import type { DetectionChild, DetectionKill } from '../support/detection-child.ts'
import { postgresForTests } from '../support/postgres.ts'
import { randomActivity } from '../support/random-activity.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const postgres = postgresForTests()
const stores: Readonly<Record<string, () => Promise<() => ActivityStore>>> = {
  SQLite: async () => {
    const path = join(temporaryFolder(), 'activity.db')
    return () => openSqliteActivityStore(path)
  },
  PostgreSQL: async () => {
    const connectionString = await postgres.newDatabase()
    return () => openPostgresActivityStore({ connectionString })
  },
}

function newLog(path = join(temporaryFolder(), 'event-log.db')) {
  const log = openSqliteEventLog({ path })
  onTestFinished(() => log.close())
  return log
}

function detect(log: EventLog, store: ActivityStore, options: Partial<Parameters<typeof startDetection>[0]> = {}) {
  const detection = startDetection({ log, store, now: () => new Date().toISOString(), ...options })
  onTestFinished(async () => {
    await detection.close()
    await store.close()
  })
  return detection
}

const activity = (seed: number) => [1, 2].flatMap((each) => randomActivity(seededRandom(seed * 7 + each), each))

/** Twenty submissions within two minutes, after which two findings are recorded: of the user and of the policy. */
function burst(count = 20): readonly ObservedEvent[] {
  const log = activityLog()
  return Array.from({ length: count }, (_, index) => log.submit({ at: moment(0, 10, 0, index * 5) }))
}

describe.each(Object.keys(stores))('detection with its store in %s', (kind) => {
  const newStore = async () => (await stores[kind]?.()) as () => ActivityStore

  test('records in the log what the rules find, each in a stream of its own, and then keeps it no longer', async () => {
    const [log, open] = [newLog(), await newStore()]
    const events = burst()
    await appendAll(log, events)
    const store = open()
    expect(await detect(log, store).drain()).toBe(true)
    await until('both are recorded', async () => (await recordedFindings(log)).length === 2)
    expect(await recordedFindings(log)).toEqual(expectedFindings(events))
    await until('they are forgotten', async () => (await store.unrecorded(10)).length === 0)
    const [finding] = await recordedFindings(log)
    for await (const [event] of log.readStream(finding?.streamId ?? ''))
      expect(event?.metadata).toMatchObject({
        organizationId: acting.organization(),
        actor: { kind: 'system', component: 'detection' },
        remoteAddress: '192.0.2.1',
        causationId: events.at(-1)?.id,
      })
  })

  test('finds the same in whatever pieces it reads the log, and however often it is started', async () => {
    const [log, open] = [newLog(), await newStore()]
    const events = activity(3)
    const expected = expectedFindings(events)
    expect(new Set(expected.map(({ data }) => (data as { rule: string }).rule)).size).toBe(5)
    let appended = 0
    const ends = appendInPieces(log)
    for (const size of [1, 50, 7, 200, events.length]) {
      const piece = events.slice(appended, appended + size)
      await ends(piece)
      appended += piece.length
      const store = open()
      const detection = startDetection({ log, store, now: () => moment(100) })
      await detection.drain()
      await detection.close()
      await store.close()
    }
    await detect(log, open()).drain()
    expect(await recordedFindings(log)).toEqual(expected)
  })

  test('judges each part of the log once, and records each finding once, in two processes at once', async () => {
    const [log, open] = [newLog(), await newStore()]
    const events = activity(5)
    const saved: string[] = []
    const counting = (store: ActivityStore): ActivityStore => ({
      ...store,
      async save(step) {
        const outcome = await store.save(step)
        if (outcome === 'saved') saved.push(`${step.after?.position} ${step.checkpoint.position}`)
        return outcome
      },
    })
    const both = [detect(log, counting(open())), detect(log, counting(open()))]
    await appendAll(log, events)
    for (const detection of both) expect(await detection.drain()).toBe(true)
    const look = open()
    await until('all is recorded', async () => (await look.unrecorded(1)).length === 0)
    await look.close()
    expect(await recordedFindings(log)).toEqual(expectedFindings(events))
    expect(new Set(saved.map((step) => step.split(' ')[0])).size).toBe(saved.length)
  })

  test('keeps nothing of a batch that another process has judged', async () => {
    const store = (await newStore())()
    onTestFinished(() => store.close())
    const step = { after: undefined, profiles: new Map(), findings: [] }
    const checkpoint = { position: '0000000000000001' as never, eventId: 'one' }
    expect(await store.save({ ...step, checkpoint })).toBe('saved')
    const late = { ...step, profiles: new Map([['user-1', { release: true }]]), checkpoint }
    expect(await store.save(late)).toBe('moved')
    expect(await store.load(['user-1'])).toEqual(new Map())
    expect(await store.checkpoint()).toEqual(checkpoint)
    await store.clear()
    expect(await store.checkpoint()).toBeUndefined()
  })
})

/** Appends pieces of one list of events, one after the other. */
function appendInPieces(log: EventLog) {
  const all: ObservedEvent[] = []
  return async (piece: readonly ObservedEvent[]) => {
    const known = new Map<string, number>()
    for (const { streamId } of all) known.set(streamId, (known.get(streamId) ?? -1) + 1)
    for (const { id, streamId, type, data, metadata } of piece) {
      const { revision } = await log.append(streamId, [{ id, type, data, metadata }], known.get(streamId) ?? 'noStream')
      known.set(streamId, revision)
    }
    all.push(...piece)
  }
}

describe('detection', () => {
  test.each<DetectionKill>(['found', 'kept', 'appended', 'forgotten'])(
    'records each finding once when its process is killed: %s',
    async (kill) => {
      const folder = temporaryFolder()
      const paths = { log: join(folder, 'event-log.db'), store: join(folder, 'activity.db') }
      const log = newLog(paths.log)
      const events = burst()
      await appendAll(log, events)
      const child = join(import.meta.dirname, '../support/detection-child.ts')
      const argument: DetectionChild = { ...paths, kill }
      const killed = spawn(process.execPath, [child, JSON.stringify(argument)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL'])
      const store = openSqliteActivityStore(paths.store)
      expect(await detect(log, store).drain()).toBe(true)
      await until('all is recorded', async () => (await store.unrecorded(1)).length === 0)
      expect(await recordedFindings(log)).toEqual(expectedFindings(events))
    },
  )

  test('finds everything again with an empty store, and records nothing twice', async () => {
    const log = newLog()
    await appendAll(log, activity(11))
    const open = await (stores.SQLite as () => Promise<() => ActivityStore>)()
    await detect(log, open()).drain()
    const recorded = await recordedFindings(log)
    const head = await log.head()
    const empty = await (stores.SQLite as () => Promise<() => ActivityStore>)()
    const store = empty()
    await detect(log, store).drain()
    expect(await store.unrecorded(1)).toEqual([])
    expect(recorded.length).toBeGreaterThan(5)
    expect(await recordedFindings(log)).toEqual(recorded)
    expect(await log.head()).toBe(head)
  })

  test('begins anew with a log that stands in the place of the one that it followed', async () => {
    const open = await (stores.SQLite as () => Promise<() => ActivityStore>)()
    const first = newLog()
    await appendAll(first, burst(19))
    const before = startDetection({ log: first, store: open(), now: () => moment(1) })
    await before.drain()
    await before.close()
    const other = newLog()
    const events = activity(2)
    await appendAll(other, events)
    await detect(other, open()).drain()
    expect(await recordedFindings(other)).toEqual(expectedFindings(events))
  })

  test('passes over an event that is of another form than its type has, and judges the others', async () => {
    const log = newLog()
    const events = burst()
    const odd = activityLog(500).policy({ at: moment(0) })
    await appendAll(log, [{ ...odd, data: { schemaVersion: 1, settings: null } }, ...events])
    const passedOver: string[] = []
    const store = openSqliteActivityStore(join(temporaryFolder(), 'activity.db'))
    await detect(log, store, { onPassedOver: ({ streamId }) => passedOver.push(streamId) }).drain()
    await until('all is recorded', async () => (await recordedFindings(log)).length === 2)
    expect(passedOver).toEqual([odd.streamId])
  })

  test('waits for its store with a code while the log goes on, and judges then what happened meanwhile', async () => {
    const log = newLog()
    const path = join(temporaryFolder(), 'activity.db')
    writeFileSync(path, 'no database, but longer than an empty file'.repeat(10))
    const detection = detect(log, openSqliteActivityStore(path))
    await until('it waits', () => detection.status().state === 'waiting')
    expect(detection.status()).toMatchObject({ code: 'ACTIVITY_STORE_UNAVAILABLE' })
    const events = burst()
    await appendAll(log, events)
    writeFileSync(path, '')
    expect(await detection.drain()).toBe(true)
    await until('all is recorded', async () => (await recordedFindings(log)).length === 2)
  })

  test('leaves a database alone that is another one', async () => {
    const path = join(temporaryFolder(), 'event-log.db')
    newLog(path)
    const store = openSqliteActivityStore(path)
    onTestFinished(() => store.close())
    await expect(store.checkpoint()).rejects.toMatchObject({ code: 'ACTIVITY_STORE_FOREIGN' })
  })

  test('records its findings when the log that was away takes them', async () => {
    const log = newLog()
    await appendAll(log, burst())
    let away = true
    const failing: EventLog = {
      ...log,
      async append(...arguments_) {
        if (away) throw Object.assign(new Error('The log is away.'), { code: 'EVENT_LOG_UNAVAILABLE' })
        return log.append(...arguments_)
      },
    }
    const store = openSqliteActivityStore(join(temporaryFolder(), 'activity.db'))
    const detection = detect(failing, store)
    await until('it waits', () => detection.status().state === 'waiting')
    expect(await store.unrecorded(10)).toHaveLength(2)
    away = false
    await until('all is recorded', async () => (await recordedFindings(log)).length === 2)
  })
})
