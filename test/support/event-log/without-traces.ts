import { type EventLog, maximumAppendBytes, type RecordedEvent } from '../../../event-log/index.ts'
import { collect } from './events.ts'

/** The bytes that an append may have where a signature is still to be added. */
export const largestSigned = maximumAppendBytes - 8 * 1024

/** As if there were no signatures and no keys: for tests that compare what they appended with what they read. */
export function withoutTraces(log: EventLog): EventLog {
  const clean = (events: readonly RecordedEvent[]) =>
    events
      .filter(({ type }) => type !== 'ProcessKeyCertified')
      .map(({ metadata: { signature: _, ...rest }, ...event }) => ({ ...event, metadata: rest }))
  return {
    ...log,
    async *readStream(streamId, options) {
      for await (const events of log.readStream(streamId, options)) yield clean(events)
    },
    async *readAll({ maxCount, ...options } = {}) {
      const events = clean(await collect(log.readAll(options))).slice(0, maxCount)
      if (events.length > 0 || maxCount === undefined) yield events
    },
    async *subscribe(options) {
      for await (const batch of log.subscribe(options)) yield { ...batch, events: clean(batch.events) }
    },
  }
}
