import { isFromOutside, streams } from '../domain/index.ts'
import { type EventLog, type LogPosition, readWholeStream } from '../event-log/index.ts'
import type { ShortActivities } from './contract.ts'
import { eventsFromRevision } from './request-step.ts'

/** Reads a request's stream for its workflow. */
export function readSigningRequest(log: EventLog): ShortActivities['readSigningRequest'] {
  return async ({ signingRequestId, fromRevision }) => {
    const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId), fromRevision)
    const calls: Record<string, LogPosition> = {}
    for (const { metadata, position } of events)
      if (isFromOutside(metadata.actor)) calls[metadata.causationId] = position
    return { events: eventsFromRevision(events, 0), calls }
  }
}
