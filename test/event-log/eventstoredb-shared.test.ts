import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEventStoreDbLog } from '../../event-log/eventstoredb.ts'
import type { EventLog, UnreadableEvent } from '../../event-log/index.ts'
import { collect, collectUntil, ids, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import {
  createStore,
  type EventStoreDbStandIn,
  type EventStoreDbStore,
  type ProposedEvent,
  type StandInOptions,
  startEventStoreDbStandIn,
} from '../support/eventstoredb-stand-in/index.ts'

describe('a database that others use, too', () => {
  let store: EventStoreDbStore
  let server: EventStoreDbStandIn
  let log: EventLog
  const opened: EventLog[] = []

  beforeEach(async () => {
    store = createStore()
    server = await startEventStoreDbStandIn(store)
    log = open()
  })
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
    await server.kill()
  })

  function open(namespace?: string): EventLog {
    const { connectionString } = server
    const each = createEventStoreDbLog({
      connectionString,
      callTimeoutMs: 60_000,
      ...(namespace === undefined ? {} : { namespace }),
    })
    opened.push(each)
    return each
  }

  async function restart(options: StandInOptions = {}): Promise<void> {
    await server.kill()
    server = await startEventStoreDbStandIn(store, { ...options, port: server.port })
  }

  const untilCaughtUp = (through: EventLog) =>
    collectUntil(through.subscribe({ signal: AbortSignal.timeout(60_000) }), (_, { caughtUp }) => caughtUp)

  /** What other applications write: some of it is nothing that this log could read. */
  const foreignEvents: readonly ProposedEvent[] = [
    foreign('OrderPlaced', 'application/json', '{"amount":1}', ''),
    foreign('OrderPlaced', 'application/json', '{"amount":1}', '{"who":"us"}'),
    foreign('Snapshot', 'application/octet-stream', '\u0000\u0001\u00ff', ''),
    foreign('Broken', 'application/json', '{"broken', '[]'),
  ]

  function writeForeign(rounds = 1, stream = 'order-1'): void {
    for (let round = 0; round < rounds; round += 1)
      store.append(
        stream,
        -2,
        foreignEvents.map((event) => ({ ...event, id: crypto.randomUUID() })),
      )
  }

  test('is read, followed and asked for its end as if there were nobody else', async () => {
    writeForeign()
    expect(await log.head()).toBeUndefined()
    expect(await untilCaughtUp(log)).toEqual([])
    const events = newEvents(3)
    await log.append(newStream(), events.slice(0, 2), 'noStream')
    writeForeign(20, 'countersigned-1')
    const { position } = await log.append(newStream(), events.slice(2), 'noStream')
    writeForeign(400)
    expect(ids(await collect(log.readAll()))).toEqual(ids(events))
    expect(ids(await untilCaughtUp(log))).toEqual(ids(events))
    expect(await log.head()).toBe(position)
    expect(await open().head()).toBe(position)
  })

  test('holds several installations, each of which sees its own streams by their names', async () => {
    const [one, two] = [open('one'), open('one-b')]
    const [stream, events] = [newStream('signingRequest'), newEvents(2)]
    const [first, second] = [events.slice(0, 1), events.slice(1)]
    await one.append(stream, first, 'noStream')
    await two.append(stream, second, 'noStream')
    for (const [through, expected] of [
      [one, first],
      [two, second],
    ] as const) {
      expect(ids(await collect(through.readStream(stream)))).toEqual(ids(expected))
      const read = await collect(through.readAll())
      expect(read.map(({ id, streamId }) => [id, streamId])).toEqual([[expected[0]?.id, stream]])
      expect(await untilCaughtUp(through)).toEqual(read)
      expect(await through.head()).toBe(read[0]?.position)
    }
    expect(store.stream(`one.${stream}`)).toHaveLength(1)
    expect(store.stream(`one-b.${stream}`)).toHaveLength(1)
    expect(await collect(log.readAll())).toEqual([])
  })

  test.each(['', 'a.b', 'a b', '$a', 'ä', 'a'.repeat(65)])('%j is no namespace', (namespace) => {
    const refused = expect.objectContaining({ code: 'EVENT_LOG_ARGUMENT_INVALID' })
    expect(() => createEventStoreDbLog({ connectionString: server.connectionString, namespace })).toThrow(refused)
  })

  test('the end of ours is looked for among what is new since it was last asked for', async () => {
    writeForeign(500)
    const positions: (string | undefined)[] = []
    for (let round = 0; round < 3; round += 1) {
      const { position } = await log.append(newStream(), [newEvent()], 'noStream')
      writeForeign(100)
      positions.push(position)
      expect(await log.head()).toBe(position)
      expect(await log.head()).toBe(position)
    }
    expect(positions).toEqual([...new Set(positions)].toSorted())
  })

  test('a subscriber who comes back goes on behind the foreign events that it has passed', async () => {
    await log.append(newStream(), [newEvent()], 'noStream')
    const stop = new AbortController()
    const following = collectUntil(log.subscribe({ signal: stop.signal }), () => false)
    writeForeign(1_000)
    await vi.waitUntil(() => server.scannedTo() === store.all.at(-1)?.position)
    await restart()
    await vi.waitUntil(() => server.subscribedAfter().length === 1)
    const passed = store.all.filter(({ position }) => position <= (server.subscribedAfter()[0] ?? 0n))
    // One checkpoint of a thousand events is waited out, and the rest of a thousand has none.
    expect(passed.length).toBeGreaterThan(store.all.length - 2_100)
    const later = newEvent()
    await log.append(newStream(), [later], 'noStream')
    stop.abort()
    await following
  })

  test('a checkpoint that the server sends ahead of an event does not lose the event', async () => {
    await restart({ checkpointsAhead: true })
    const written: string[] = []
    for (let round = 0; round < 6; round += 1) {
      // The thousandth event that the server looks at is one of ours each time.
      while ((store.all.length + 1) % 1_000 !== 0)
        store.append(
          'order-1',
          -2,
          [foreign('F', 'application/json', '{}', '')]
            .map((event) => ({ ...event, id: crypto.randomUUID() }))
            .slice(0, 1),
        )
      const event = newEvent()
      await log.append(newStream(), [event], 'noStream')
      written.push(event.id)
    }
    let restarts = 0
    const seen = await collectUntil(log.subscribe({ signal: AbortSignal.timeout(60_000) }), (events) => {
      if (events.length > restarts && restarts < 3) {
        restarts += 1
        restart({ checkpointsAhead: true })
      }
      return events.length === written.length
    })
    expect(ids(seen)).toEqual(written)
  })

  describe('an event in a stream of ours that no process of the service can have written', () => {
    const cases: readonly [string, ProposedEvent][] = [
      ['no JSON', foreign('Foreign', 'application/octet-stream', '{}', '{}')],
      ['broken JSON', foreign('Foreign', 'application/json', '{"broken', '{}')],
      ['a JSON array', foreign('Foreign', 'application/json', '[]', '{}')],
      ['broken metadata', foreign('Foreign', 'application/json', '{}', '{"broken')],
      ['data that is no UTF-8', foreign('Foreign', 'application/json', Buffer.from('7b2261223a22ff227d', 'hex'), '{}')],
      ['no metadata', foreign('Foreign', 'application/json', '{}', '')],
      ['a type of the server’s own', foreign('$>', 'application/json', '{}', '{}')],
    ]
    test.each(cases)('costs that stream alone, and is named: %s', async (_, broken) => {
      const [stream, other] = [newStream(), newStream()]
      await log.append(stream, newEvents(2), 'noStream')
      store.append(`countersign.${stream}`, 1, [broken])
      const after = newEvents(2)
      await log.append(other, after, 'noStream')
      const corrupt = { code: 'EVENT_LOG_CORRUPT', message: expect.stringContaining(`(${stream}, revision 2)`) }
      await expect(collect(log.readStream(stream))).rejects.toMatchObject(corrupt)
      await expect(collect(log.readStream(stream, { direction: 'backwards', maxCount: 1 }))).rejects.toMatchObject(
        corrupt,
      )
      await expect(collect(log.readAll())).rejects.toMatchObject(corrupt)
      expect(ids(await collect(log.readStream(other)))).toEqual(ids(after))

      const named: UnreadableEvent[] = []
      const read = await collect(log.readAll({ onUnreadable: (event) => named.push(event) }))
      expect(read).toHaveLength(4)
      const { id, type } = broken
      const expected = {
        id,
        type,
        streamId: stream,
        revision: 2,
        position: expect.any(String),
        reason: expect.any(String),
        stored: expect.anything(),
      }
      expect(named).toEqual([expected])
      expect(named[0]?.stored.data.bytes).toEqual(new Uint8Array(broken.data))
      const followed: UnreadableEvent[] = []
      const seen = await collectUntil(log.subscribe({ signal: AbortSignal.timeout(60_000) }), (_, last) => {
        followed.push(...last.unreadable)
        return last.caughtUp
      })
      expect(seen).toEqual(read)
      expect(followed).toEqual(named)
    })
  })

  test('bytes are given as they are stored, also where JSON would write them otherwise', async () => {
    const stream = newStream()
    const [data, metadata] = ['{ "schemaVersion" : 1.0, "text":"\ufffd\\u00e9" }', '{"a":1 }\n']
    store.append(`countersign.${stream}`, -1, [foreign('Foreign', 'application/json', data, metadata)])
    const [event] = await collect(log.readStream(stream))
    expect(event).toMatchObject({ data: { schemaVersion: 1, text: '\ufffdé' }, metadata: { a: 1 } })
    expect(Buffer.from(event?.stored.data.bytes ?? [])).toEqual(Buffer.from(data))
    expect(Buffer.from(event?.stored.metadata.bytes ?? [])).toEqual(Buffer.from(metadata))
  })

  describe('what an administrator hides', () => {
    const hidden: readonly [string, (stream: string) => void][] = [
      ['$maxCount', (stream) => store.setMetadata(stream, { $maxCount: 2 })],
      ['$tb', (stream) => store.setMetadata(stream, { $tb: 3 })],
      ['$maxAge', (stream) => store.setMetadata(stream, { $maxAge: 0 })],
      ['deleted', (stream) => store.softDelete(stream)],
      ['deleted', (stream) => store.tombstone(stream)],
    ]
    test.each(hidden)('is missed in every read of the stream: %s', async (reason, hide) => {
      const stream = newStream()
      await log.append(stream, newEvents(5), 'noStream')
      hide(`countersign.${stream}`)
      const corrupt = {
        code: 'EVENT_LOG_CORRUPT',
        message: expect.stringMatching(`${stream}.*${reason.replace('$', '\\$')}`),
      }
      await expect(collect(log.readStream(stream))).rejects.toMatchObject(corrupt)
      await expect(collect(log.readStream(stream, { fromRevision: 1 }))).rejects.toMatchObject(corrupt)
      await expect(collect(log.readStream(stream, { direction: 'backwards' }))).rejects.toMatchObject(corrupt)
      expect(await collect(log.readAll({ onUnreadable: () => {} }))).toHaveLength(5)
    })

    test('for good is named where the whole log is read', async () => {
      const stream = newStream()
      await log.append(stream, newEvents(2), 'noStream')
      store.tombstone(`countersign.${stream}`)
      const later = await log.append(newStream(), newEvents(2), 'noStream')
      const named: UnreadableEvent[] = []
      const read = await collect(log.readAll({ onUnreadable: (event) => named.push(event) }))
      expect(read.at(-1)?.position).toBe(later.position)
      const deleted = expect.objectContaining({ streamId: stream, reason: expect.stringContaining('deleted') })
      expect(named).toEqual([deleted])
    })

    test('and begun again after it was deleted, is neither appended to nor read as a new stream', async () => {
      const stream = newStream()
      await log.append(stream, newEvents(3), 'noStream')
      store.softDelete(`countersign.${stream}`)
      const corrupt = { code: 'EVENT_LOG_CORRUPT', message: expect.stringContaining('deleted') }
      await expect(log.append(stream, [newEvent()], 'noStream')).rejects.toMatchObject(corrupt)
      await expect(collect(log.readStream(stream))).rejects.toMatchObject({ code: 'EVENT_LOG_CORRUPT' })
    })

    test('metadata that hides nothing takes nothing away', async () => {
      const stream = newStream()
      await log.append(stream, newEvents(3), 'noStream')
      store.setMetadata(`countersign.${stream}`, { $maxCount: 10 })
      expect(await collect(log.readStream(stream))).toHaveLength(3)
      expect(await collect(log.readStream(stream, { fromRevision: 3 }))).toEqual([])
    })
  })
})

function foreign(type: string, contentType: string, data: string | Buffer, metadata: string): ProposedEvent {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  return { id: crypto.randomUUID(), type, contentType, data: bytes, metadata: Buffer.from(metadata) }
}
