import { beforeAll, describe, expect, test } from 'vitest'
import type { EventLog, NewEvent } from '../../event-log/index.ts'
import { collect, collectUntil, following, ids, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import type { OpenedLog } from '../support/event-log/harness.ts'

/**
 * What every event log promises to whoever appends to it.
 *
 * @param opened gives the log, from within a test or a hook
 * @param largest the bytes that an append may have
 */
export function appendingContract(opened: () => OpenedLog, largest: number): void {
  let log: EventLog
  beforeAll(() => {
    log = opened().log
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
      expect((await collect(log.readStream(stream))).map(({ data }) => data)).toEqual([first.data, filling(room).data])
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

    test.each(['', '$all', '$thing', 'thing\n', '\ud800'])('%j is refused as the name of a stream', async (stream) => {
      const refusal = { code: 'EVENT_LOG_ARGUMENT_INVALID' }
      await expect(log.append(stream, [newEvent()], 'noStream')).rejects.toMatchObject(refusal)
    })

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
}

function bytesOf({ type, data, metadata }: NewEvent): number {
  return 2 * type.length + Buffer.byteLength(JSON.stringify(data)) + Buffer.byteLength(JSON.stringify(metadata))
}

function conflict(actualRevision: number | 'noStream') {
  return { code: 'EVENT_LOG_WRONG_EXPECTED_REVISION', actualRevision }
}
