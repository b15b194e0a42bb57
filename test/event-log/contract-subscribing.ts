import { beforeAll, describe, expect, test } from 'vitest'
import type { EventLog, EventLogError } from '../../event-log/index.ts'
import { collect, collectUntil, following, ids, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import type { EventLogHarness, OpenedLog } from '../support/event-log/harness.ts'

/**
 * What every event log promises to whoever follows it, also when it is closed.
 *
 * @param opened gives the log, from within a test or a hook
 */
export function subscribingContract(opened: () => OpenedLog): void {
  let log: EventLog
  let harness: EventLogHarness
  beforeAll(() => {
    ;({ log, harness } = opened())
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
}
