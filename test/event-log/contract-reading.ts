import { beforeAll, describe, expect, test } from 'vitest'
import type { EventLog, LogPosition, NewEvent } from '../../event-log/index.ts'
import { collect, collectUntil, following, ids, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import type { OpenedLog } from '../support/event-log/harness.ts'

/**
 * What every event log promises to whoever reads it.
 *
 * @param opened gives the log, from within a test or a hook
 */
export function readingContract(opened: () => OpenedLog): void {
  let log: EventLog
  beforeAll(() => {
    log = opened().log
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

    test('says where it ends without being read, beside others and what does not exist', async () => {
      const [other, none] = [newStream('other'), newStream('none')]
      await log.append(other, newEvents(1), 'noStream')
      const ends = await log.lastRevisions([stream, other, none])
      expect([...ends]).toEqual([
        [stream, 9],
        [other, 0],
        [none, 'noStream'],
      ])
      await log.append(other, newEvents(2), 0)
      expect((await log.lastRevisions([other])).get(other)).toBe(2)
      expect(await log.lastRevisions([])).toEqual(new Map())
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
}
