import { streams } from '../domain/index.ts'
import { type EventLog, EventLogError, prepareEvents } from '../event-log/index.ts'
import type { ShortActivities } from './contract.ts'

/** Appends to a request's stream for its workflow. */
export function appendEvents(log: EventLog): ShortActivities['appendEvents'] {
  return async ({ signingRequestId, expectedRevision, events, metadata }) => {
    const stream = streams.signingRequest(signingRequestId)
    try {
      const prepared = prepareEvents(stream, expectedRevision, events, metadata)
      const { position } = await log.append(stream, prepared, expectedRevision)
      return { kind: 'appended', position }
    } catch (error) {
      if (error instanceof EventLogError && error.code === 'EVENT_LOG_WRONG_EXPECTED_REVISION')
        return { kind: 'conflict' }
      throw error
    }
  }
}
