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
 * Where streams end, without reading them: their last revisions, `noStream` for those that do not exist.
 *
 * @throws EventLogError `EVENT_LOG_UNAVAILABLE`
 */
export async function readLastRevisions(
  log: Pick<EventLog, 'readStream'>,
  streamIds: readonly string[],
): Promise<ReadonlyMap<string, WholeStream['revision']>> {
  const last = streamIds.map(async (streamId) => {
    let revision: WholeStream['revision'] = 'noStream'
    for await (const [event] of log.readStream(streamId, { direction: 'backwards', maxCount: 1 }))
      if (event !== undefined) revision = event.revision
    return [streamId, revision] as const
  })
  return new Map(await Promise.all(last))
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
