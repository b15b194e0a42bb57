import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ConsumerStatus, type EventLog, EventLogError, openSqliteEventLog } from '../../event-log/index.ts'
import { collect, ids, newEvents, newStream } from '../support/event-log/events.ts'
import { type FakeConsumerChild, type KillMoment, openFakeStore, startFakeConsumer } from '../support/fake-consumer.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

function place() {
  const folder = temporaryFolder()
  const paths = { log: join(folder, 'events.db'), store: join(folder, 'deliveries.db') }
  const log = openSqliteEventLog({ path: paths.log })
  const store = openFakeStore(paths.store)
  onTestFinished(async () => {
    await log.close()
    store.database.close()
  })
  const consume = (options: Parameters<typeof startFakeConsumer>[2] = {}, from: EventLog = log) => {
    const consumer = startFakeConsumer(from, openFakeStore(paths.store), options)
    onTestFinished(consumer.close)
    return consumer
  }
  return {
    folder,
    paths,
    log,
    store,
    consume,
    append: (count: number) => log.append(newStream(), newEvents(count), 'noStream'),
    all: async () => ids(await collect(log.readAll())),
  }
}

function spawnConsumer(what: FakeConsumerChild): ChildProcess {
  const child = join(import.meta.dirname, '../support/fake-consumer.ts')
  const one = spawn(process.execPath, [child, JSON.stringify(what)], { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void one.kill('SIGKILL'))
  return one
}

describe('a second consumer, with a store of its own', () => {
  test.each<KillMoment>(['before', 'effect', 'checkpoint', 'after'])(
    'has each event exactly once and in order, killed in every batch: %s',
    async (moment) => {
      const { paths, store, append, all, consume } = place()
      for (let appends = 0; appends < 3; appends += 1) await append(200)
      for (let round = 1; round <= 3; round += 1) {
        const before = store.deliveries().length
        const killed = spawnConsumer({ ...paths, kill: { batch: round === 3 ? 1 : 2, moment } })
        expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL'])
        expect(store.deliveries().length % 200).toBe(0)
        if (moment === 'after') expect(store.deliveries().length).toBeGreaterThan(before)
        await append(200)
      }
      expect(await consume({ lease: true }).drain()).toBe(true)
      expect(store.deliveries()).toEqual(await all())
    },
  )

  test('stands by while another process consumes, and takes over when that one is killed', async () => {
    const { paths, store, append, all, consume } = place()
    const first = spawnConsumer(paths)
    await append(300)
    await until('the first has delivered', () => store.deliveries().length === 300)
    const second = consume({ lease: true })
    await until('the second stands by', () => second.status().state === 'standby')
    first.kill('SIGKILL')
    await append(300)
    expect(await second.drain()).toBe(true)
    expect(store.deliveries()).toEqual(await all())
  })

  test('shares the work where its store has no lease, each event once', async () => {
    const { store, append, all, consume } = place()
    const consumers = [consume(), consume(), consume()]
    for (let appends = 0; appends < 20; appends += 1) await append(30)
    expect(await Promise.all(consumers.map((consumer) => consumer.drain()))).toEqual([true, true, true])
    expect(store.deliveries()).toEqual(await all())
  })

  test('is given what cannot be read in its place, and goes on past it', async () => {
    const { paths, store, log, append, all, consume } = place()
    const { position } = await append(3)
    await append(2)
    const before = await all()
    tamper(paths.log, ["UPDATE events SET data = '{' WHERE position = ?", Number(position)])
    const consumer = consume()
    expect(await consumer.drain()).toBe(true)
    expect(store.deliveries()).toEqual(before.with(2, `unreadable ${position}`))
    expect(store.checkpoint()?.position).toBe(await log.head())
  })

  test('waits at what it cannot handle now, with the reason, and handles it once when it can', async () => {
    const { store, append, all, consume } = place()
    const statuses: ConsumerStatus[] = []
    let away = true
    await append(2)
    const consumer = consume({
      onStatus: (status) => statuses.push(status),
      moment(moment) {
        if (moment === 'effect' && away) throw Object.assign(new Error('no room'), { code: 'STORE_FULL' })
      },
    })
    await until('it has waited twice', () => statuses.filter(({ state }) => state === 'waiting').length > 1)
    expect(consumer.status()).toMatchObject({ code: 'STORE_FULL', message: 'Error: no room' })
    expect(consumer.behindMs()).toBeGreaterThan(0)
    expect(store.deliveries()).toEqual([])
    away = false
    expect(await consumer.drain()).toBe(true)
    await until('it is at the end of the log', () => consumer.behindMs() === 0)
    expect(store.deliveries()).toEqual(await all())
  })

  test('stays at what it can never handle, and says so', async () => {
    const { store, append, consume } = place()
    await append(2)
    const consumer = consume({
      moment: () => {
        throw new Error('unknown event')
      },
      failureOf: (error) => ({ code: 'EVENT_UNKNOWN', message: (error as Error).message, lasts: true }),
    })
    expect(await consumer.drain()).toBe(false)
    const failed = { state: 'failed', code: 'EVENT_UNKNOWN', message: 'unknown event' }
    expect(consumer.status()).toEqual(failed)
    await consumer.close()
    expect(consumer.status()).toEqual(failed)
    expect(store.checkpoint()).toBeUndefined()
  })

  test('goes on where it was when the subscription breaks, in the middle of a backlog and live', async () => {
    const { store, log, append, all, consume } = place()
    for (let appends = 0; appends < 3; appends += 1) await append(200)
    let batches = 0
    const breaking: EventLog = {
      ...log,
      async *subscribe(options) {
        for await (const batch of log.subscribe(options)) {
          yield batch
          batches += 1
          if (batches < 6) throw new EventLogError('EVENT_LOG_UNAVAILABLE', 'The log is away.')
        }
      },
    }
    const consumer = consume({}, breaking)
    await until('the backlog is handled', () => store.deliveries().length === 600)
    await append(1)
    await append(1)
    expect(await consumer.drain()).toBe(true)
    expect(store.deliveries()).toEqual(await all())
  })

  test('handles nothing of a log that stands in the place of the one that it followed', async () => {
    const { folder, store, append, consume } = place()
    await append(5)
    const first = consume()
    await first.drain()
    await first.close()
    expect(first.status()).toEqual({ state: 'stopped' })
    const other = openSqliteEventLog({ path: join(folder, 'other.db') })
    onTestFinished(() => other.close())
    for (const length of [3, 6]) {
      await other.append(newStream(), newEvents(length), 'noStream')
      const consumer = consume({}, other)
      await until('it waits', () => consumer.status().state === 'waiting')
      expect(consumer.status()).toMatchObject({ code: 'EVENT_LOG_REPLACED' })
      await consumer.close()
    }
    expect(store.deliveries()).toHaveLength(5)
  })

  test('is at the end of an empty log, and ends when it is closed', async () => {
    const { consume } = place()
    const consumer = consume()
    expect(await consumer.drain()).toBe(true)
    await consumer.close()
    expect(await consumer.drain()).toBe(false)
  })
})
