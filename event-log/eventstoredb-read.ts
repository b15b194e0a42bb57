import type { StreamingRead } from '@eventstore/db-client'
import type { RecordedEvent } from './event-log.ts'
import { type DeliveredEvent, recordedEvent } from './eventstoredb-events.ts'

/** Events in one batch, at most. */
const batchLimit = 1_000

/**
 * Collects what a read of the client delivers into batches that are never empty, without the server's own events. Cancels
 * the call when the caller stops early.
 */
export async function* readBatches(
  read: StreamingRead<DeliveredEvent>,
  limit = batchLimit,
): AsyncGenerator<readonly RecordedEvent[]> {
  let batch: RecordedEvent[] = []
  let ended = false
  try {
    for await (const delivered of read) {
      const event = recordedEvent(delivered)
      if (event === undefined) continue
      batch.push(event)
      if (batch.length < limit) continue
      yield batch
      batch = []
    }
    ended = true
  } catch (error) {
    ended = true
    // What came before a failure counts: the caller goes on after it.
    if (batch.length > 0) yield batch
    throw error
  } finally {
    if (!ended) read.cancel().catch(() => {})
  }
  if (batch.length > 0) yield batch
}
