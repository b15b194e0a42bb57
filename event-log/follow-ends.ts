import { startConsumer } from './consumer.ts'
import type { EventLog } from './event-log.ts'
import { isReadable } from './log-entries.ts'
import { isKeptEnd, type StreamEnds } from './stream-ends.ts'
import { isFaultOfOneStream } from './stream-fault.ts'

/** After so many events of which no end is worth keeping it is noted how far the log was followed; read again, they say nothing either. */
const mostUnnoted = 1_000

/**
 * Follows the log, so that ends of streams are kept soon after they were appended, whether or not anything is decided on
 * them. The first time it begins at the end of the log.
 *
 * @param log the whole of it
 * @param verified the same; reading a stream of it checks and keeps its end
 * @returns stops it
 */
export function followEnds(
  log: Pick<EventLog, 'subscribe' | 'readAll' | 'head'>,
  verified: Pick<EventLog, 'readStream'>,
  ends: StreamEnds,
): () => Promise<void> {
  /** What is forged, hidden or gone keeps nobody from following; whoever decides on it is given the error. */
  async function keepEnd(streamId: string): Promise<void> {
    try {
      for await (const _ of verified.readStream(streamId));
    } catch (error) {
      if (!isFaultOfOneStream(error)) throw error
    }
  }

  const { close } = startConsumer(log, {
    async begin() {
      if (ends.followed() === undefined) {
        const head = await log.head()
        if (head !== undefined) ends.setFollowed(head)
      }
      const position = ends.followed()
      let unnoted = 0
      return {
        // A log that was restored from a backup is followed, too: what it lost shows where streams are read.
        after: position && { position, eventId: undefined },
        async handle({ entries, checkpoint }) {
          const kept = entries.filter((entry) => isReadable(entry) && isKeptEnd(entry)).map(({ streamId }) => streamId)
          for (const streamId of new Set(kept)) await keepEnd(streamId)
          unnoted += entries.length
          if (kept.length === 0 && unnoted < mostUnnoted) return 'handled'
          ends.setFollowed(checkpoint.position)
          unnoted = 0
          return 'handled'
        },
      }
    },
    // The log is away, or the disk full: the log's own users say so. What was missed is read when it is back.
    failureOf: (error) => ({ code: 'EVENT_LOG_UNAVAILABLE', message: String(error), lasts: false }),
  })
  return close
}
