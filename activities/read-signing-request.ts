import { type DomainEvent, streams } from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import type { ShortActivities } from './contract.ts'

/** Reads a request's stream for its workflow. */
export function readSigningRequest(log: EventLog): ShortActivities['readSigningRequest'] {
  return async ({ signingRequestId, fromRevision }) => {
    const { events, revision } = await readWholeStream(log, streams.signingRequest(signingRequestId), fromRevision)
    // What the log holds was written by these same types, and upcast to their present version.
    return { events: events.map(({ type, data }) => ({ type, data }) as DomainEvent), revision }
  }
}
