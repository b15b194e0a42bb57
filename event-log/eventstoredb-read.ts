import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { type RecordedEvent, type UnreadableEvent, unreadableFailure } from './event-log.ts'
import { runsOf } from './eventstoredb-answers.ts'
import type { EventStoreDbConnection } from './eventstoredb-connection.ts'
import { readEvent, type StreamNames } from './eventstoredb-events.ts'

/** Events in one batch, at most. */
const batchLimit = 1_000

/** What {@link readBatches} needs. */
export type ReadOptions = {
  readonly connection: EventStoreDbConnection
  readonly names: StreamNames
  /** How long the server may be silent before the read fails, in milliseconds. */
  readonly silenceMs: number
  /** Is given what cannot be read, in its place; without it the read fails there. */
  readonly onUnreadable?: ((event: UnreadableEvent) => void) | undefined
}

/**
 * Collects what a read delivers into batches that are never empty. Cancels the call when the caller stops early. A stream
 * that does not exist reads as empty.
 *
 * @throws EventLogError `EVENT_LOG_CORRUPT` at an event that cannot be read; else the bare gRPC error
 */
export async function* readBatches(
  request: ReadReq,
  { connection, names, silenceMs, onUnreadable }: ReadOptions,
): AsyncGenerator<readonly RecordedEvent[]> {
  let batch: RecordedEvent[] = []
  try {
    for await (const messages of runsOf(connection.read(request), silenceMs))
      for (const message of messages) {
        const event = readEvent(message, names)
        if (event === undefined) continue
        if (!('reason' in event)) batch.push(event)
        else if (onUnreadable === undefined) throw unreadableFailure(event)
        else {
          if (batch.length > 0) yield batch
          batch = []
          onUnreadable(event)
        }
        if (batch.length < batchLimit) continue
        yield batch
        batch = []
      }
  } catch (error) {
    // What came before a failure counts: the caller goes on after it.
    if (batch.length > 0) yield batch
    throw error
  }
  if (batch.length > 0) yield batch
}
