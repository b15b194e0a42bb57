import { fold, parseStreamName, type SigningRequest, signingRequestDecider } from '../../domain/index.ts'
import type { EventLog, RecordedEvent } from '../../event-log/index.ts'

/** A request as the log has it. */
export type RequestHistory = {
  readonly request: SigningRequest
  readonly events: readonly RecordedEvent[]
  /** The types of its events, in order. */
  readonly types: readonly string[]
}

/**
 * Reads the whole log and folds every request in it, by id, in the order of their submission.
 *
 * @param unknownType of events that only a newer build knows, and which change nothing of a request
 */
export async function requestHistories(
  log: EventLog,
  unknownType?: string,
): Promise<ReadonlyMap<string, RequestHistory>> {
  const streams = new Map<string, RecordedEvent[]>()
  for await (const batch of log.readAll())
    for (const event of batch) {
      const stream = parseStreamName(event.streamId)
      if (stream?.kind !== 'signingRequest') continue
      const events = streams.get(stream.id) ?? []
      events.push(event)
      streams.set(stream.id, events)
    }
  const histories = new Map<string, RequestHistory>()
  for (const [id, events] of streams) {
    const known = events.filter(({ type }) => type !== unknownType)
    const request = fold(signingRequestDecider, known)
    if (request.workflowStatus === 'none') throw new Error(`The stream of ${id} does not begin with a submission.`)
    histories.set(id, { request, events, types: events.map(({ type }) => type) })
  }
  return histories
}
