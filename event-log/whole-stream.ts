import type { EventLog, ExpectedRevision, RecordedEvent } from './event-log.ts'

/** A stream, whole, and what the next append to it has to expect. */
export type WholeStream = {
  readonly events: readonly RecordedEvent[]
  readonly revision: ExpectedRevision
}

/** Reads a stream that is known to be short, such as an aggregate's. */
export async function readWholeStream(log: EventLog, streamId: string, fromRevision = 0): Promise<WholeStream> {
  const events: RecordedEvent[] = []
  for await (const batch of log.readStream(streamId, { fromRevision })) events.push(...batch)
  const last = events.at(-1)
  return { events, revision: last?.revision ?? (fromRevision === 0 ? 'noStream' : fromRevision - 1) }
}
