import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EventLog, maximumAppendBytes } from '../../event-log/index.ts'
import { collect, metadata, newEvent, newStream } from '../support/event-log/events.ts'
import type { EventLogHarness } from '../support/event-log/harness.ts'
import { appendingContract } from './contract-appending.ts'
import { readingContract } from './contract-reading.ts'
import { subscribingContract } from './contract-subscribing.ts'

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

    const opened = () => ({ log, harness })
    appendingContract(opened, largest)
    readingContract(opened)
    subscribingContract(opened)

    test('metadata is kept beside the data', async () => {
      const stream = newStream()
      const event = { ...newEvent(), metadata: { ...metadata(), remoteAddress: '2001:db8::1' } }
      await log.append(stream, [event], 'noStream')
      expect((await collect(log.readStream(stream)))[0]?.metadata).toEqual(event.metadata)
    })
  })
}
