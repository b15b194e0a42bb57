import { parseStreamName } from '../domain/index.ts'
import { type RecordedEvent, readNamedStream, readWholeStream } from '../event-log/index.ts'
import type { GroundsLog } from './grounds.ts'

/** The events of an entity; those of an organization must be there. */
export async function eventsOf(log: GroundsLog, streamId: string): Promise<readonly RecordedEvent[]> {
  return parseStreamName(streamId)?.kind === 'organization'
    ? (await readNamedStream(log, streamId)).events
    : (await readWholeStream(log, streamId)).events
}
