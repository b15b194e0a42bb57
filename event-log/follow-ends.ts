import { setTimeout as delay } from 'node:timers/promises'
import { type EventLog, EventLogError } from './event-log.ts'
import { isKeptEnd, type StreamEnds } from './stream-ends.ts'

/** Before a subscription that ended is begun again, in milliseconds. */
const pauseMs = 2_000

/** What says that one stream cannot be believed, and nothing of the others. */
const ofOneStream: ReadonlySet<string> = new Set(['EVENT_LOG_UNTRUSTED', 'EVENT_LOG_CORRUPT'])

/**
 * Follows the log, so that ends of streams are kept soon after they were appended, whether or not anything is decided on
 * them. The first time it begins at the end of the log.
 *
 * @param log the whole of it
 * @param verified the same; reading a stream of it checks and keeps its end
 * @returns stops it
 */
export function followEnds(
  log: Pick<EventLog, 'subscribe' | 'head'>,
  verified: Pick<EventLog, 'readStream'>,
  ends: StreamEnds,
): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping

  async function follow(): Promise<void> {
    if (ends.followed() === undefined) {
      const head = await log.head()
      if (head !== undefined) ends.setFollowed(head)
    }
    const after = ends.followed()
    for await (const { events } of log.subscribe({ signal, ...(after !== undefined && { after }) })) {
      for (const streamId of new Set(events.filter(isKeptEnd).map((event) => event.streamId))) await keepEnd(streamId)
      const last = events.at(-1)
      if (last !== undefined) ends.setFollowed(last.position)
    }
  }

  /** What is forged, hidden or gone keeps nobody from following; whoever decides on it is told. */
  async function keepEnd(streamId: string): Promise<void> {
    try {
      for await (const _ of verified.readStream(streamId));
    } catch (error) {
      const isOfThisStream = error instanceof EventLogError && ofOneStream.has(error.code)
      if (!isOfThisStream) throw error
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted)
      try {
        await follow()
      } catch {
        // The log is away, or the disk full: the log's own users say so. What was missed is read when it is back.
        await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      }
  }

  const running = run()
  return async () => {
    stopping.abort()
    await running
  }
}
