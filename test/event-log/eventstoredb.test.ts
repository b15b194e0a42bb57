import { setTimeout as pause } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEventStoreDbLog } from '../../event-log/eventstoredb.ts'
import { type EventLog, withSignatures } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { collect, collectUntil, ids, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import { largestSigned, withoutTraces } from '../support/event-log/without-traces.ts'
import {
  createStore,
  type EventStoreDbStandIn,
  type EventStoreDbStore,
  type StandInOptions,
  startEventStoreDbStandIn,
} from '../support/eventstoredb-stand-in/index.ts'
import { eventLogContract } from './contract.ts'

/** Client and server share the event loop here, and the machine with other tests. */
const callTimeoutMs = 60_000

eventLogContract('EventStoreDB (stand-in)', { startsEmpty: true }, async () => {
  const server = await startEventStoreDbStandIn(createStore())
  return {
    open: () => createEventStoreDbLog({ connectionString: server.connectionString, callTimeoutMs }),
    stop: () => server.kill(),
  }
})

eventLogContract('EventStoreDB (stand-in) with signatures', { startsEmpty: true, largest: largestSigned }, async () => {
  const server = await startEventStoreDbStandIn(createStore())
  const installation = testInstallation()
  return {
    open() {
      const log = createEventStoreDbLog({ connectionString: server.connectionString, callTimeoutMs })
      return withoutTraces(withSignatures(log, installation.eventKey()))
    },
    stop: () => server.kill(),
  }
})

const realServer = process.env.EVENTSTOREDB_URL
if (realServer !== undefined)
  eventLogContract('EventStoreDB (real server)', { startsEmpty: false }, async () => ({
    open: () => createEventStoreDbLog({ connectionString: realServer }),
    stop: async () => {},
  }))

describe('EventStoreDB', () => {
  let store: EventStoreDbStore
  let server: EventStoreDbStandIn
  let log: EventLog

  beforeEach(async () => {
    store = createStore()
    server = await startEventStoreDbStandIn(store)
    log = createEventStoreDbLog({ connectionString: server.connectionString, callTimeoutMs })
  })
  afterEach(async () => {
    await log.close()
    await server.kill()
  })

  /** What to expect of a stream that has so many events. */
  const after = (events: number) => (events === 0 ? 'noStream' : events - 1)

  /** The name of a stream on the server. */
  const named = (stream: string) => `countersign.${stream}`

  /** The server dies and comes back where it was, with its data. */
  async function restart(options: StandInOptions = {}): Promise<void> {
    await server.kill()
    server = await startEventStoreDbStandIn(store, { ...options, port: server.port })
  }

  describe('a server that goes away', () => {
    test('in the middle of a subscription loses and repeats nothing', async () => {
      const written: string[] = []
      const writing = (async () => {
        for (let round = 0; round < 60; round += 1) {
          const events = newEvents(3)
          await log.append(newStream(), events, 'noStream')
          written.push(...ids(events))
          if (round % 20 === 10) await restart()
        }
      })()
      const subscription = log.subscribe({ signal: AbortSignal.timeout(25_000) })
      const seen = await collectUntil(subscription, (events) => events.length >= 180)
      await writing
      expect(ids(seen)).toEqual(written)
    })

    test('while a subscriber catches up lets it go on where it was', async () => {
      for (let round = 0; round < 5; round += 1) await log.append(newStream(), newEvents(1_000), 'noStream')
      let restarts = 0
      const seen = await collectUntil(log.subscribe({ signal: AbortSignal.timeout(25_000) }), (events) => {
        if (events.length > restarts * 2_000 && restarts < 2) {
          restarts += 1
          restart()
        }
        return events.length >= 5_000
      })
      expect(restarts).toBe(2)
      expect(ids(seen)).toEqual(ids(await collect(log.readAll())))
    })

    test('and comes back late is waited for, and what others wrote meanwhile is delivered', async () => {
      const first = newEvents(2)
      await log.append(newStream(), first, 'noStream')
      const later = newEvent()
      const seen = await collectUntil(
        log.subscribe({ signal: AbortSignal.timeout(25_000) }),
        (events, { caughtUp }) => {
          if (caughtUp && events.length === 2)
            server.kill().then(async () => {
              const bytes = Buffer.from(JSON.stringify(later.data))
              const proposed = { ...later, contentType: 'application/json', data: bytes, metadata: Buffer.from('{}') }
              store.append(named(newStream()), -1, [proposed])
              server = await startEventStoreDbStandIn(store, { port: server.port })
            })
          return events.length === 3
        },
      )
      expect(ids(seen)).toEqual(ids([...first, later]))
    })

    test('in the middle of a read lets the read go on where it was', async () => {
      const stream = newStream()
      for (let round = 0; round < 4; round += 1) await log.append(stream, newEvents(1_000), after(round * 1_000))
      for (const read of [
        () => log.readStream(stream),
        () => log.readStream(stream, { direction: 'backwards' }),
        () => log.readAll(),
      ]) {
        const seen: string[] = []
        for await (const batch of read()) {
          if (seen.length === 0) await restart()
          seen.push(...ids(batch))
        }
        expect(seen).toHaveLength(4_000)
        expect(new Set(seen).size).toBe(4_000)
      }
    })

    test('after it wrote and before it answered has written once', async () => {
      const stream = newStream()
      for (const expected of ['noStream', 1] as const) {
        server.failNext({ code: status.UNAVAILABLE, afterWriting: true })
        await log.append(stream, newEvents(2), expected)
      }
      expect(store.stream(named(stream))).toHaveLength(4)
    })

    test('under many appends ends none of them in doubt', async () => {
      const events = newEvents(200)
      const appending = Promise.all(events.map((event) => log.append(newStream(), [event], 'noStream')))
      await vi.waitUntil(() => store.all.some(({ type }) => type === 'SomethingHappened'))
      await restart()
      await appending
      expect(ids(await collect(log.readAll())).toSorted()).toEqual(ids(events).toSorted())
    })

    test('for good is borne for a while only', async () => {
      const { connectionString } = server
      const shortLived = createEventStoreDbLog({ connectionString, callTimeoutMs: 200, subscriptionTimeoutMs: 200 })
      const unavailable = { code: 'EVENT_LOG_UNAVAILABLE' }
      const subscription = collectUntil(shortLived.subscribe({ signal: AbortSignal.timeout(25_000) }), (_, batch) => {
        if (batch.caughtUp) server.kill()
        return false
      })
      await expect(subscription).rejects.toMatchObject(unavailable)
      await expect(shortLived.append(newStream(), [newEvent()], 'noStream')).rejects.toMatchObject(unavailable)
      await expect(collect(shortLived.readAll())).rejects.toMatchObject(unavailable)
      await expect(collect(shortLived.readStream(newStream()))).rejects.toMatchObject(unavailable)
      await expect(shortLived.head()).rejects.toMatchObject(unavailable)
      await shortLived.close()
    })

    test('with its whole cluster is an error of the call, and no more', async () => {
      const connectionString = 'esdb://127.0.0.1:1,127.0.0.1:2?tls=false&maxDiscoverAttempts=1&discoveryInterval=10'
      const nowhere = createEventStoreDbLog({ connectionString, callTimeoutMs: 200, subscriptionTimeoutMs: 200 })
      const calls = [
        nowhere.append(newStream(), [newEvent()], 'noStream'),
        nowhere.append(newStream(), [newEvent()], 'noStream'),
        nowhere.head(),
        collect(nowhere.readAll()),
        collectUntil(nowhere.subscribe({ signal: AbortSignal.timeout(25_000) }), () => false),
      ]
      for (const outcome of await Promise.allSettled(calls))
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'EVENT_LOG_UNAVAILABLE' } })
      await nowhere.close()
    })

    test('and answers nothing, without going away, is given up in time', async () => {
      const { connectionString } = server
      const shortLived = createEventStoreDbLog({ connectionString, callTimeoutMs: 400 })
      const thaw = server.freeze()
      const calls = [
        shortLived.append(newStream(), [newEvent()], 'noStream'),
        collect(shortLived.readStream(newStream())),
      ]
      for (const outcome of await Promise.allSettled(calls))
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'EVENT_LOG_UNAVAILABLE' } })
      thaw()
      await shortLived.append(newStream(), [newEvent()], 'noStream')
      await shortLived.close()
    })

    test('and answers nothing for a moment does not make an append fail, nor write it twice', async () => {
      const [stream, events] = [newStream(), newEvents(2)]
      const { connectionString } = server
      const patient = createEventStoreDbLog({ connectionString, callTimeoutMs: 10_000 })
      const thaw = server.freeze()
      const appending = patient.append(stream, events, 'noStream')
      await vi.waitUntil(() => server.calls() > 1, { timeout: 20_000 })
      thaw()
      expect(await appending).toMatchObject({ revision: 1 })
      expect(ids(await collect(log.readStream(stream)))).toEqual(ids(events))
      await patient.close()
    })

    test('does not hold up an abort or a close', async () => {
      const { connectionString } = server
      const patient = createEventStoreDbLog({ connectionString })
      const aborting = new AbortController()
      await server.kill()
      const aborted = collectUntil(patient.subscribe({ signal: aborting.signal }), () => false)
      const closed = collectUntil(patient.subscribe({ signal: AbortSignal.timeout(25_000) }), () => false)
      await pause(50)
      aborting.abort()
      expect(await aborted).toEqual([])
      await patient.close()
      expect(await closed).toEqual([])
    })
  })

  describe('an old server', () => {
    test('that never says so has a subscriber who knows when he has caught up', async () => {
      await restart({ tellsCaughtUp: false })
      const read = () =>
        collectUntil(log.subscribe({ signal: AbortSignal.timeout(25_000) }), (_, last) => last.caughtUp)
      expect(await read()).toEqual([])
      await log.append(newStream(), newEvents(30), 'noStream')
      expect(await read()).toHaveLength(30)
    })

    test('that leaves out the position of a retry has it read from the event', async () => {
      await restart({ leavesOutPosition: true })
      const [stream, events] = [newStream(), newEvents(2)]
      const first = await log.append(stream, events, 'noStream')
      expect(await log.append(stream, events, 'noStream')).toEqual(first)
    })
  })

  describe('what the server refuses', () => {
    const refusals = [
      ['EVENT_LOG_ACCESS_DENIED', { code: status.PERMISSION_DENIED, exception: 'access-denied' }],
      ['EVENT_LOG_ACCESS_DENIED', { code: status.UNAUTHENTICATED }],
      ['EVENT_LOG_CORRUPT', { code: status.FAILED_PRECONDITION, exception: 'stream-deleted' }],
    ] as const
    test.each(refusals)('is named %s at once: %o', async (code, failure) => {
      const stream = newStream()
      server.failNext(failure)
      await expect(log.append(stream, [newEvent()], 'noStream')).rejects.toMatchObject({ code })
      expect(store.stream(named(stream))).toEqual([])
      server.failNext(failure)
      await expect(collect(log.readStream(stream))).rejects.toMatchObject({ code })
    })

    test('a subscription without access ends at once', async () => {
      server.failNext({ code: status.PERMISSION_DENIED, exception: 'access-denied' })
      const subscription = collectUntil(log.subscribe({ signal: AbortSignal.timeout(25_000) }), () => false)
      await expect(subscription).rejects.toMatchObject({ code: 'EVENT_LOG_ACCESS_DENIED' })
    })

    test.each([
      ['an append above its own limit', { code: status.INVALID_ARGUMENT, exception: 'maximum-append-size-exceeded' }],
      [
        'a message above its limit',
        { code: status.RESOURCE_EXHAUSTED, details: 'Received message exceeds the maximum' },
      ],
    ])('%s is invalid at once', async (_, failure) => {
      server.failNext(failure)
      const appending = log.append(newStream(), [newEvent()], 'noStream')
      await expect(appending).rejects.toMatchObject({ code: 'EVENT_LOG_EVENT_INVALID' })
    })
  })

  test('a read or a subscription that is left early does not stay open on the server', async () => {
    const stream = newStream()
    for (let round = 0; round < 5; round += 1) await log.append(stream, newEvents(1_000), after(round * 1_000))
    for await (const _ of log.readStream(stream)) break
    for await (const _ of log.readAll()) break
    await collect(log.readAll({ maxCount: 1 }))
    for await (const _ of log.subscribe({ signal: AbortSignal.timeout(25_000) })) break
    await vi.waitUntil(() => server.openReads() === 0)
  })

  test('the server’s own events are in its log, and only there', async () => {
    for (let round = 0; round < 10; round += 1) await log.append(newStream(), [newEvent()], 'noStream')
    const own = store.all.filter(({ streamId }) => streamId.startsWith('$'))
    expect(own.some(({ type }) => type.startsWith('$'))).toBe(true)
    expect(own.some(({ type }) => !type.startsWith('$'))).toBe(true)
    const seen = await collectUntil(
      log.subscribe({ signal: AbortSignal.timeout(25_000) }),
      (_, { caughtUp }) => caughtUp,
    )
    expect(seen).toHaveLength(10)
    expect(await collect(log.readAll())).toEqual(seen)
    expect(await log.head()).toBe(seen.at(-1)?.position)
  })

  test.each(['', 'localhost:2113', 'esdb://admin:s3cret', 'http://admin:s3cret@host', 'esdb://a:s3cret@h:port'])(
    'a connection string that is none is refused, and not repeated: %j',
    (connectionString) => {
      const open = () => createEventStoreDbLog({ connectionString })
      expect(open).toThrow(expect.objectContaining({ code: 'EVENT_LOG_ARGUMENT_INVALID' }))
      expect(open).not.toThrow(/s3cret/)
    },
  )
})
