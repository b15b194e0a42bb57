import type { Readable } from 'node:stream'
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
  const stream = read as unknown as Readable
  // An error that comes after the last one that matters must find a listener, or it ends the process.
  stream.on('error', () => {})
  let batch: RecordedEvent[] = []
  try {
    for await (const delivered of stream.iterator({ destroyOnReturn: false })) {
      const event = recordedEvent(delivered as DeliveredEvent)
      if (event === undefined) continue
      batch.push(event)
      if (batch.length < limit) continue
      yield batch
      batch = []
    }
  } catch (error) {
    // What came before a failure counts: the caller goes on after it.
    if (batch.length > 0) yield batch
    throw error
  } finally {
    read.cancel().catch(() => {})
    // What has already arrived must flow off, or the call never ends and keeps its memory.
    stream.resume()
  }
  if (batch.length > 0) yield batch
}
