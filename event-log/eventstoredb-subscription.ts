import type { LogPosition, RecordedEvent, SubscriptionBatch, UnreadableEvent } from './event-log.ts'
import type { EventStoreDbConnection } from './eventstoredb-connection.ts'
import { encodeEventStoreDbPosition, readEvent, type StreamNames } from './eventstoredb-events.ts'
import type { SubscriberPlace } from './eventstoredb-place.ts'
import { subscribeRequest } from './eventstoredb-requests.ts'

/** How long an old server, which never says that a subscriber has caught up, is silent before it is asked. */
const silenceMs = 250

/** What {@link followOnce} needs. */
export type FollowOptions = {
  readonly connection: EventStoreDbConnection
  readonly names: StreamNames
  /** Where to begin; moves along. */
  readonly place: SubscriberPlace
  readonly signal: AbortSignal
  /** Position of the newest event. */
  readonly head: () => Promise<LogPosition | undefined>
  /** Called when the server has accepted the subscription. */
  readonly confirmed: () => void
}

/**
 * Follows the log over one connection, until the signal aborts or the connection fails (then the bare gRPC error is thrown).
 * What other applications write into the same database is left out by the server.
 */
export async function* followOnce(options: FollowOptions): AsyncGenerator<SubscriptionBatch> {
  const { connection, names, place, signal, head, confirmed } = options
  const answers = connection.read(subscribeRequest(names.prefix, place.resumeAfter()))
  const stop = () => answers.cancel()
  signal.addEventListener('abort', stop)
  let live = false
  let reportedCaughtUp = false
  try {
    while (!signal.aborted) {
      const messages = answers.take()
      if (messages === undefined) {
        if (signal.aborted) return
        throw new Error('The server ended the subscription')
      }
      const events: RecordedEvent[] = []
      const unreadable: UnreadableEvent[] = []
      for (const message of messages) {
        if (message.hasConfirmation()) confirmed()
        else if (message.hasCaughtUp()) live = true
        else if (message.hasFellBehind()) live = false
        const checkpoint = message.getCheckpoint()
        if (checkpoint !== undefined) place.checkpoint(positionOf(checkpoint))
        const event = readEvent(message, names)
        // A server that takes the position as inclusive repeats the last event.
        if (event === undefined || !place.event(event.position)) continue
        if ('reason' in event) unreadable.push(event)
        else events.push(event)
      }
      if (events.length + unreadable.length > 0 || (live && !reportedCaughtUp)) {
        reportedCaughtUp = live
        yield { events, unreadable, caughtUp: live }
      } else if (messages.length === 0 && !(await answers.arrival(live ? undefined : silenceMs))) {
        const newest = await head()
        live = newest === undefined || place.hasPassed(newest)
      }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    answers.cancel()
  }
}

function positionOf(checkpoint: { getCommitPosition(): string; getPreparePosition(): string }): LogPosition {
  return encodeEventStoreDbPosition({
    commit: BigInt(checkpoint.getCommitPosition()),
    prepare: BigInt(checkpoint.getPreparePosition()),
  })
}
