import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type EventLog,
  type EventLogError,
  type LogPosition,
  maximumAppendBytes,
  type NewEvent,
} from '../../event-log/index.ts'
import { collect, collectUntil, ids, metadata, newEvent, newEvents, newStream } from '../support/event-log/events.ts'

/** One store that logs are opened on. */
export type EventLogHarness = {
  /** Opens the log; each time with connections of its own, as another process would. */
  open(): EventLog
  stop(): Promise<void>
}

/** What every event log promises, whatever it keeps its events in. Tests share one log, and are not alone in it. */
export function eventLogContract(
  name: string,
  {
    startsEmpty,
    largest = maximumAppendBytes,
  }: {
    /** Whether each start makes a store that nothing was ever written to. */
    readonly startsEmpty: boolean
    /** The bytes that an append may have. */
    readonly largest?: number
  },
  start: () => Promise<EventLogHarness>,
): void {
  describe(`${name} keeps the contract of an event log`, () => {
    let harness: EventLogHarness
    let log: EventLog

    beforeAll(async () => {
      harness = await start()
      log = harness.open()
    })
    afterAll(async () => {
      await log.close()
      await harness.stop()
    })

    test.runIf(startsEmpty)('an empty log has no head, and a subscriber has caught up with it', async () => {
      const fresh = await start()
      const empty = fresh.open()
      expect(await empty.head()).toBeUndefined()
      expect(await collect(empty.readAll())).toEqual([])
      for await (const batch of empty.subscribe({ signal: AbortSignal.timeout(20_000) })) {
        expect(batch).toEqual({ events: [], unreadable: [], caughtUp: true })
        break
      }
      await empty.close()
      await fresh.stop()
    })

    describe('appending', () => {
      test('what was appended is read back as it was, with revision and position', async () => {
        const stream = newStream()
        const events = [newEvent({ name: 'Ünïcode ✓ 🖋️ \u0000 \u2028', lone: '\ud800' }, 'Zurückgezogen✓'), newEvent()]
        const appended = await log.append(stream, events, 'noStream')
        const read = await collect(log.readStream(stream))
        expect(read).toEqual(
          events.map((event, revision) => ({
            ...event,
            stored: expect.anything(),
            streamId: stream,
            revision,
            position: expect.stringMatching(/^[0-9a-f]+$/),
          })),
        )
        expect(appended).toEqual({ revision: 1, position: read[1]?.position })
      })

      test('the bytes that were stored are given, however the event is read', async () => {
        const before = await log.head()
        const stream = newStream()
        const events = [newEvent({ name: 'Ünïcode ✓ 🖋️ \u0000 \u2028 \ufffd', lone: '\ud800', '2': -0 }), newEvent()]
        await log.append(stream, events, 'noStream')
        const subscription = log.subscribe({ ...following(before), signal: AbortSignal.timeout(20_000) })
        for (const read of [
          await collect(log.readStream(stream)),
          await collect(log.readAll(following(before))),
          await collectUntil(subscription, (seen) => seen.length === 2),
        ]) {
          expect(read).toHaveLength(2)
          for (const [index, { stored }] of read.entries()) {
            expect(Buffer.from(stored.data.bytes).toString()).toBe(JSON.stringify(events[index]?.data))
            // A log that signs adds the signature as the last member.
            const metadata = Buffer.from(stored.metadata.bytes).toString()
            const unsigned = metadata.replace(/,"signature":.*$/, '}')
            expect(unsigned).toBe(JSON.stringify(events[index]?.metadata))
            expect([stored.data.text, stored.metadata.text]).toEqual([JSON.stringify(events[index]?.data), metadata])
          }
        }
      })

      test('names of streams may hold any letters', async () => {
        const stream = `Straße/日本 ${newStream()}`
        await log.append(stream, [newEvent()], 'noStream')
        expect((await collect(log.readStream(stream))).map(({ streamId }) => streamId)).toEqual([stream])
      })

      test('an append of the largest size is held, and one byte more is refused at once', async () => {
        const stream = newStream()
        const first = newEvent({ text: 'é'.repeat(300_000) })
        const empty = newEvent({ text: '' })
        const room = largest - bytesOf(first) - bytesOf(empty)
        const filling = (length: number) => ({ ...empty, data: { ...empty.data, text: 'x'.repeat(length) } })
        const refused = log.append(stream, [first, filling(room + 1)], 'noStream')
        await expect(refused).rejects.toMatchObject({ code: 'EVENT_LOG_EVENT_INVALID' })
        await log.append(stream, [first, filling(room)], 'noStream')
        expect((await collect(log.readStream(stream))).map(({ data }) => data)).toEqual([
          first.data,
          filling(room).data,
        ])
      })

      test('what is larger than any server takes is refused in the same way', async () => {
        const huge = newEvent({ text: 'x'.repeat(17 * 1024 * 1024) })
        const refused = log.append(newStream(), [huge], 'noStream')
        await expect(refused).rejects.toMatchObject({ code: 'EVENT_LOG_EVENT_INVALID' })
      })

      test('a stream that exists refuses noStream, and says where it is', async () => {
        const stream = newStream()
        await log.append(stream, newEvents(3), 'noStream')
        await expect(log.append(stream, [newEvent()], 'noStream')).rejects.toMatchObject(conflict(2))
        expect(await collect(log.readStream(stream))).toHaveLength(3)
      })

      test('a stream that does not exist refuses a revision', async () => {
        await expect(log.append(newStream(), [newEvent()], 0)).rejects.toMatchObject(conflict('noStream'))
      })

      test('a revision that the stream has passed, or has not reached, is refused', async () => {
        const stream = newStream()
        await log.append(stream, newEvents(3), 'noStream')
        await expect(log.append(stream, [newEvent()], 1)).rejects.toMatchObject(conflict(2))
        await expect(log.append(stream, [newEvent()], 3)).rejects.toMatchObject(conflict(2))
        expect(await log.append(stream, [newEvent()], 2)).toMatchObject({ revision: 3 })
      })

      test('appends are all or none', async () => {
        const stream = newStream()
        await log.append(stream, newEvents(2), 'noStream')
        await expect(log.append(stream, newEvents(5), 'noStream')).rejects.toMatchObject(conflict(1))
        const broken = [newEvent(), newEvent(), { ...newEvent(), type: '$broken' }]
        await expect(log.append(stream, broken, 1)).rejects.toMatchObject({ code: 'EVENT_LOG_EVENT_INVALID' })
        expect(await collect(log.readStream(stream))).toHaveLength(2)
      })

      test('of 20 writers that expect the same revision exactly one wins, each time', async () => {
        const stream = newStream()
        for (let round = 0; round < 5; round += 1) {
          const expected = round === 0 ? 'noStream' : round - 1
          const outcomes = await Promise.allSettled(
            Array.from({ length: 20 }, (_, writer) => log.append(stream, [newEvent({ round, writer })], expected)),
          )
          const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
          expect(refused.map(({ reason }) => reason)).toEqual(
            Array.from({ length: 19 }, () => expect.objectContaining(conflict(round))),
          )
        }
        expect(await collect(log.readStream(stream))).toHaveLength(5)
      })

      const invalid: readonly [string, readonly NewEvent[]][] = [
        ['no event at all', []],
        ['an id that is no UUID', [{ ...newEvent(), id: 'first' }]],
        ['the nil UUID', [{ ...newEvent(), id: '00000000-0000-0000-0000-000000000000' }]],
        ['the same id twice', Array<NewEvent>(2).fill(newEvent())],
        ['an empty type', [newEvent({}, '')]],
        ['a type that begins with $', [newEvent({}, '$metadata')]],
        ['an array as data', [{ ...newEvent(), data: [1] }]],
        ['a date as data', [{ ...newEvent(), data: new Date(0) }]],
        ['data that JSON cannot hold', [newEvent({ size: 1n })]],
        ['no metadata', [{ ...newEvent(), metadata: null as never }]],
      ]
      test.each(invalid)('%s is refused and changes nothing', async (_, events) => {
        const stream = newStream()
        await expect(log.append(stream, events, 'noStream')).rejects.toMatchObject({ code: 'EVENT_LOG_EVENT_INVALID' })
        expect(await collect(log.readStream(stream))).toEqual([])
      })

      test.each(['', '$all', '$thing', 'thing\n', '\ud800'])(
        '%j is refused as the name of a stream',
        async (stream) => {
          const refusal = { code: 'EVENT_LOG_ARGUMENT_INVALID' }
          await expect(log.append(stream, [newEvent()], 'noStream')).rejects.toMatchObject(refusal)
        },
      )

      test.each([-1, 0.5, Number.NaN])('%d is refused as an expected revision', async (revision) => {
        const refusal = { code: 'EVENT_LOG_ARGUMENT_INVALID' }
        await expect(log.append(newStream(), [newEvent()], revision)).rejects.toMatchObject(refusal)
      })
    })

    describe('appending again', () => {
      test('the same events with noStream are written once', async () => {
        const stream = newStream()
        const events = newEvents(3)
        const first = await log.append(stream, events, 'noStream')
        await log.append(stream, [newEvent()], 2)
        expect(await log.append(stream, events, 'noStream')).toEqual(first)
        expect(await collect(log.readStream(stream))).toHaveLength(4)
      })

      test('the same events with a revision are written once', async () => {
        const stream = newStream()
        await log.append(stream, newEvents(2), 'noStream')
        const events = newEvents(2)
        const first = await log.append(stream, events, 1)
        expect(await log.append(stream, events, 1)).toEqual(first)
        await log.append(stream, newEvents(2), 3)
        expect(await log.append(stream, events, 1)).toEqual(first)
        expect(await collect(log.readStream(stream))).toHaveLength(6)
      })

      test('ids are recognised whatever case they are written in, and are read in lower case', async () => {
        const stream = newStream()
        const event = newEvent()
        const first = await log.append(stream, [{ ...event, id: event.id.toUpperCase() }], 'noStream')
        expect(await log.append(stream, [event], 'noStream')).toEqual(first)
        expect(ids(await collect(log.readStream(stream)))).toEqual([event.id])
      })

      test('some of the same events and a new one are a conflict', async () => {
        const stream = newStream()
        const [known, other] = [newEvent(), newEvent()]
        await log.append(stream, [known], 'noStream')
        await expect(log.append(stream, [known, other], 'noStream')).rejects.toMatchObject(conflict(0))
        expect(await collect(log.readStream(stream))).toHaveLength(1)
      })

      test('the same events in another order are a conflict', async () => {
        const stream = newStream()
        const events = newEvents(2)
        await log.append(stream, events, 'noStream')
        await expect(log.append(stream, events.toReversed(), 'noStream')).rejects.toMatchObject(conflict(1))
      })

      test('an id may stand in two streams', async () => {
        const [one, other, event] = [newStream(), newStream(), newEvent()]
        await log.append(one, [event], 'noStream')
        await log.append(other, [event], 'noStream')
        expect(ids(await collect(log.readStream(other)))).toEqual([event.id])
      })

      test('the same append at the same time is written once, and both hear of it', async () => {
        const stream = newStream()
        const events = newEvents(2)
        const answers = await Promise.all(Array.from({ length: 8 }, () => log.append(stream, events, 'noStream')))
        expect(new Set(answers.map(({ position }) => position)).size).toBe(1)
        expect(await collect(log.readStream(stream))).toHaveLength(2)
      })
    })

    describe('reading a stream', () => {
      const stream = newStream('read')
      const events = newEvents(10)
      beforeAll(() => log.append(stream, events, 'noStream'))
      const numbers = async (options: Parameters<EventLog['readStream']>[1]) =>
        (await collect(log.readStream(stream, options))).map(({ revision }) => revision)

      test('forwards and backwards, from a revision, up to a count', async () => {
        expect(await numbers({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        expect(await numbers({ direction: 'backwards' })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
        expect(await numbers({ fromRevision: 7 })).toEqual([7, 8, 9])
        expect(await numbers({ fromRevision: 2, direction: 'backwards' })).toEqual([2, 1, 0])
        expect(await numbers({ fromRevision: 4, maxCount: 2 })).toEqual([4, 5])
        expect(await numbers({ fromRevision: 4, maxCount: 2, direction: 'backwards' })).toEqual([4, 3])
        expect(await numbers({ fromRevision: 0, direction: 'backwards' })).toEqual([0])
        expect(await numbers({ maxCount: 1, direction: 'backwards' })).toEqual([9])
      })

      test('beyond its ends', async () => {
        expect(await numbers({ fromRevision: 10 })).toEqual([])
        expect(await numbers({ fromRevision: 12, direction: 'backwards' })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
        expect(await numbers({ maxCount: 0 })).toEqual([])
      })

      test('batches are never empty', async () => {
        for await (const batch of log.readStream(stream)) expect(batch.length).toBeGreaterThan(0)
      })

      test('a stream that does not exist, and the streams of the server, read as empty', async () => {
        for (const direction of ['forwards', 'backwards'] as const) {
          expect(await collect(log.readStream(newStream(), { direction }))).toEqual([])
          expect(await collect(log.readStream('$all', { direction }))).toEqual([])
          expect(await collect(log.readStream('$users', { direction }))).toEqual([])
        }
      })

      test('a revision or a count that cannot be one is refused', async () => {
        const refusal = { code: 'EVENT_LOG_ARGUMENT_INVALID' }
        await expect(numbers({ fromRevision: -1 })).rejects.toMatchObject(refusal)
        await expect(numbers({ maxCount: 1.5 })).rejects.toMatchObject(refusal)
      })
    })

    describe('reading the whole log', () => {
      test('holds the events of all streams in the order of their appends, with rising positions', async () => {
        const before = await log.head()
        const written: NewEvent[] = []
        for (let round = 0; round < 12; round += 1) {
          const events = newEvents((round % 3) + 1)
          written.push(...events)
          await log.append(newStream(), events, 'noStream')
        }
        const read = await collect(log.readAll(following(before)))
        expect(ids(read)).toEqual(ids(written))
        const positions = read.map(({ position }) => position)
        expect(positions).toEqual(positions.toSorted((a, b) => (a < b ? -1 : 1)))
        expect(new Set(positions).size).toBe(written.length)
        expect(await log.head()).toBe(positions.at(-1))
      })

      test('a position is the same however an event is read', async () => {
        const stream = newStream()
        const before = await log.head()
        const { position } = await log.append(stream, newEvents(3), 'noStream')
        const byStream = await collect(log.readStream(stream))
        expect(await collect(log.readAll(following(before)))).toEqual(byStream)
        expect(byStream.at(-1)?.position).toBe(position)
      })

      test('begins after a position and ends at a count', async () => {
        const before = await log.head()
        const events = newEvents(6)
        await log.append(newStream(), events, 'noStream')
        const read = await collect(log.readAll(following(before)))
        expect(ids(await collect(log.readAll({ ...following(read[1]?.position), maxCount: 3 })))).toEqual(
          ids(events.slice(2, 5)),
        )
        expect(await collect(log.readAll(following(read[5]?.position)))).toEqual([])
        expect(await collect(log.readAll({ maxCount: 0 }))).toEqual([])
        expect(await collect(log.readAll({ maxCount: 1 }))).toHaveLength(1)
      })

      test('begins at a position, the event there included', async () => {
        const before = await log.head()
        const events = newEvents(3)
        await log.append(newStream(), events, 'noStream')
        const [, second, third] = await collect(log.readAll(following(before)))
        const from = async (position: LogPosition | undefined, maxCount?: number) =>
          ids(await collect(log.readAll({ ...(position && { from: position }), ...(maxCount && { maxCount }) })))
        expect(await from(second?.position)).toEqual(ids(events.slice(1)))
        expect(await from(second?.position, 1)).toEqual(ids(events.slice(1, 2)))
        expect(await from(third?.position)).toEqual(ids(events.slice(2)))
      })

      test('never shows what is the server’s own', async () => {
        await log.append(newStream(), [newEvent()], 'noStream')
        const read = await collect(log.readAll())
        expect(read.filter(({ type, streamId }) => type.startsWith('$') || streamId.startsWith('$'))).toEqual([])
      })

      test.each(['', 'end', '12', 'ffff', '9'.repeat(17)])('%j is refused as a position', async (position) => {
        const options = following(position as LogPosition)
        const refusal = { code: 'EVENT_LOG_ARGUMENT_INVALID' }
        await expect(collect(log.readAll(options))).rejects.toMatchObject(refusal)
        const signal = AbortSignal.timeout(20_000)
        const subscribed = collectUntil(log.subscribe({ ...options, signal }), () => true)
        await expect(subscribed).rejects.toMatchObject(refusal)
      })
    })

    describe('subscribing', () => {
      test('catches up, says so, and goes on live', async () => {
        const before = await log.head()
        const old = newEvents(5)
        await log.append(newStream(), old, 'noStream')
        const later = newEvents(3)
        let caughtUp = false
        const subscription = log.subscribe({ ...following(before), signal: AbortSignal.timeout(20_000) })
        const seen = await collectUntil(subscription, (events, batch) => {
          if (batch.caughtUp && !caughtUp) {
            caughtUp = true
            expect(ids(events)).toEqual(ids(old))
            log.append(newStream(), later, 'noStream')
          }
          return events.length >= 8
        })
        expect(caughtUp).toBe(true)
        expect(ids(seen)).toEqual(ids([...old, ...later]))
      })

      test('never says that it has caught up while events that were there before are missing', async () => {
        const before = await log.head()
        for (let round = 0; round < 3; round += 1) await log.append(newStream(), newEvents(1_000), 'noStream')
        const subscription = log.subscribe({ ...following(before), signal: AbortSignal.timeout(20_000) })
        const seen = await collectUntil(subscription, (_, { caughtUp }) => caughtUp)
        expect(seen).toHaveLength(3_000)
      })

      test('an empty batch only says that it has caught up', async () => {
        const head = await log.head()
        const seen = await collectUntil(
          log.subscribe({ ...following(head), signal: AbortSignal.timeout(20_000) }),
          (events, batch) => {
            expect(events.length === 0 ? batch.caughtUp : true).toBe(true)
            return batch.caughtUp
          },
        )
        expect(seen).toEqual([])
      })

      test('loses and repeats nothing while many write', async () => {
        const before = await log.head()
        const other = harness.open()
        const write = async (through: EventLog) => {
          for (let round = 0; round < 25; round += 1) await through.append(newStream(), newEvents(2), 'noStream')
        }
        const writers = [log, other, log, other, log].map(write)
        const options = { ...following(before), signal: AbortSignal.timeout(25_000) }
        const [one, two] = await Promise.all(
          [log, other].map((through) => collectUntil(through.subscribe(options), (events) => events.length >= 250)),
        )
        await Promise.all(writers)
        const all = ids(await collect(log.readAll(following(before))))
        expect(all).toHaveLength(250)
        expect(ids(one ?? [])).toEqual(all)
        expect(ids(two ?? [])).toEqual(all)
        await other.close()
      })

      test('ends without an error when it is aborted: before, while it catches up, and while it waits', async () => {
        const before = await log.head()
        await log.append(newStream(), newEvents(50), 'noStream')
        expect(await collectUntil(log.subscribe({ signal: AbortSignal.abort() }), () => false)).toEqual([])

        const early = new AbortController()
        await collectUntil(log.subscribe({ ...following(before), signal: early.signal }), () => {
          early.abort()
          return false
        })

        const late = new AbortController()
        const seen = await collectUntil(
          log.subscribe({ ...following(before), signal: late.signal }),
          (_, { caughtUp }) => {
            if (caughtUp) setImmediate(() => late.abort())
            return false
          },
        )
        expect(seen).toHaveLength(50)
      })
    })

    describe('closing', () => {
      test('finishes what was begun, ends subscriptions and refuses everything after', async () => {
        const other = harness.open()
        const stream = newStream()
        const subscription = collectUntil(other.subscribe({ signal: AbortSignal.timeout(20_000) }), () => false)
        const appending = other.append(stream, newEvents(2), 'noStream')
        const closing = other.close()
        expect(await appending).toMatchObject({ revision: 1 })
        await closing
        await other.close()
        await subscription
        const closed = { code: 'EVENT_LOG_CLOSED' } satisfies Partial<EventLogError>
        await expect(other.append(stream, [newEvent()], 1)).rejects.toMatchObject(closed)
        await expect(collect(other.readStream(stream))).rejects.toMatchObject(closed)
        await expect(collect(other.readAll())).rejects.toMatchObject(closed)
        await expect(other.head()).rejects.toMatchObject(closed)
        const late = collectUntil(other.subscribe({ signal: AbortSignal.timeout(20_000) }), () => true)
        await expect(late).rejects.toMatchObject(closed)
        expect(await collect(log.readStream(stream))).toHaveLength(2)
      })

      test('a read that is under way ends with an error, not as if the log ended there', async () => {
        const stream = newStream()
        for (let round = 0; round < 3; round += 1)
          await log.append(stream, newEvents(1_000), round === 0 ? 'noStream' : round * 1_000 - 1)
        const other = harness.open()
        const reading = async () => {
          for await (const _ of other.readStream(stream)) await other.close()
        }
        await expect(reading()).rejects.toMatchObject({ code: 'EVENT_LOG_CLOSED' })
      })
    })

    test('metadata is kept beside the data', async () => {
      const stream = newStream()
      const event = { ...newEvent(), metadata: { ...metadata(), remoteAddress: '2001:db8::1' } }
      await log.append(stream, [event], 'noStream')
      expect((await collect(log.readStream(stream)))[0]?.metadata).toEqual(event.metadata)
    })
  })
}

function bytesOf({ type, data, metadata }: NewEvent): number {
  return 2 * type.length + Buffer.byteLength(JSON.stringify(data)) + Buffer.byteLength(JSON.stringify(metadata))
}

function following(position: LogPosition | undefined): { after?: LogPosition } {
  return position === undefined ? {} : { after: position }
}

function conflict(actualRevision: number | 'noStream') {
  return { code: 'EVENT_LOG_WRONG_EXPECTED_REVISION', actualRevision }
}
