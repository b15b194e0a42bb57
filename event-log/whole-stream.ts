import { type EventLog, EventLogError, type ExpectedRevision, type RecordedEvent } from './event-log.ts'

/** A stream, whole, and what the next append to it has to expect. */
export type WholeStream = {
  readonly events: readonly RecordedEvent[]
  readonly revision: ExpectedRevision
}

/** Reads a stream that is known to be short, such as an aggregate's. */
export async function readWholeStream(
  log: Pick<EventLog, 'readStream'>,
  streamId: string,
  fromRevision = 0,
): Promise<WholeStream> {
  const events: RecordedEvent[] = []
  for await (const batch of log.readStream(streamId, { fromRevision })) events.push(...batch)
  const last = events.at(-1)
  return { events, revision: last?.revision ?? (fromRevision === 0 ? 'noStream' : fromRevision - 1) }
}

/**
 * Reads a stream as {@link readWholeStream} does that something in the log names: it was there once.
 *
 * @throws EventLogError `EVENT_LOG_CORRUPT` when nothing of it is there
 */
export async function readNamedStream(log: Pick<EventLog, 'readStream'>, streamId: string): Promise<WholeStream> {
  const whole = await readWholeStream(log, streamId)
  if (whole.events.length > 0) return whole
  throw new EventLogError(
    'EVENT_LOG_CORRUPT',
    `The log has nothing of ${streamId}, which other events of it name. Nothing is decided on it until that is mended.`,
  )
}

/** Those of some events, of whatever streams, that stood in the log before another one. */
export function before(event: RecordedEvent, events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return events.filter(({ position }) => position < event.position)
}
