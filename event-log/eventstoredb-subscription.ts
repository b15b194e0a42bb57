import type { Readable } from 'node:stream'
import { type EventStoreDBClient, excludeSystemEvents, START } from '@eventstore/db-client'
import type { LogPosition, RecordedEvent, SubscriptionBatch } from './event-log.ts'
import { type DeliveredEvent, decodeEventStoreDbPosition, recordedEvent } from './eventstoredb-events.ts'

/** A batch ends at this many events; what the client buffers is bounded by the same number. */
const batchLimit = 1_000
/** How long an old server, which never says that a subscriber has caught up, is silent before it is asked. */
const silenceMs = 250

/** What {@link followOnce} needs. */
export type FollowOptions = {
  readonly client: EventStoreDBClient
  /** Deliver what comes after this position. */
  readonly after: LogPosition | undefined
  readonly signal: AbortSignal
  /** Position of the newest event. */
  readonly head: () => Promise<LogPosition | undefined>
  /** Called when the server has accepted the subscription. */
  readonly confirmed: () => void
}

/**
 * Follows the log over one connection, until the signal aborts or the connection fails (then the client's error is thrown).
 *
 * The server leaves out events whose type begins with `$` by itself; events in its own streams are left out here.
 */
export async function* followOnce(options: FollowOptions): AsyncGenerator<SubscriptionBatch> {
  const { client, signal, head } = options
  let after = options.after
  const subscription = client.subscribeToAll(
    {
      fromPosition: after === undefined ? START : decodeEventStoreDbPosition(after),
      filter: excludeSystemEvents({ checkpointInterval: batchLimit }),
    },
    { highWaterMark: batchLimit },
  )
  const arrivals = watchArrivals(subscription as unknown as Readable, signal)
  subscription.on('confirmation', options.confirmed)
  let live = false
  let told = false
  try {
    while (!signal.aborted) {
      const taken = arrivals.take()
      if (taken.caughtUp !== undefined) live = taken.caughtUp
      // A server that takes the position as inclusive would repeat the last event.
      const events = taken.events.filter(({ position }) => after === undefined || position > after)
      const caughtUp = live && taken.drained
      if (events.length > 0 || (caughtUp && !told)) {
        after = events.at(-1)?.position ?? after
        told = caughtUp
        yield { events, caughtUp }
      } else if (taken.drained) {
        if (taken.failure !== undefined) throw taken.failure
        if ((await arrivals.next(live ? undefined : silenceMs)) === 'silence') {
          const newest = await head()
          live = newest === undefined || (after !== undefined && newest <= after)
        }
      }
    }
  } finally {
    arrivals.end()
    // Not waited for: while a cluster is being searched there is nothing to cancel yet, and the subscriber wants to go.
    subscription.unsubscribe().catch(() => {})
  }
}

type Taken = {
  readonly events: readonly RecordedEvent[]
  /** What the server said of it up to here; `undefined` when it said nothing. */
  readonly caughtUp: boolean | undefined
  /** Whether nothing else has arrived yet. */
  readonly drained: boolean
  /** Why nothing more will arrive, once everything was taken. */
  readonly failure: unknown
}

/** Turns the client's stream and its `caughtUp` and `fellBehind` events into one sequence. */
function watchArrivals(stream: Readable, signal: AbortSignal) {
  let failure: unknown
  /** A mark of the server and how many buffered events stand before it: it was sent after them, yet is told at once. */
  let mark: { caughtUp: boolean; before: number } | undefined
  let resume = () => {}

  const wake = () => resume()
  const fail = (error: unknown) => {
    failure ??= error
    wake()
  }
  const setMark = (caughtUp: boolean) => () => {
    mark = { caughtUp, before: stream.readableLength }
    wake()
  }
  const ended = () => fail(new Error('The server ended the subscription'))
  stream.on('readable', wake)
  stream.on('caughtUp', setMark(true))
  stream.on('fellBehind', setMark(false))
  stream.on('error', fail)
  stream.on('end', ended)
  stream.on('close', ended)
  signal.addEventListener('abort', wake)

  return {
    take(): Taken {
      const events: RecordedEvent[] = []
      let caughtUp: boolean | undefined
      for (let taken = 0; taken <= batchLimit; taken += 1) {
        if (mark?.before === 0) {
          caughtUp = mark.caughtUp
          mark = undefined
        }
        const next = taken < batchLimit ? (stream.read() as DeliveredEvent | null) : undefined
        if (next === undefined) break
        if (next === null) return { events, caughtUp, drained: mark === undefined, failure }
        if (mark !== undefined) mark.before -= 1
        const event = recordedEvent(next)
        if (event !== undefined) events.push(event)
      }
      return { events, caughtUp, drained: false, failure: undefined }
    },

    /** Waits until something arrives, or for `silence` when a time is given and nothing does. */
    async next(silenceAfterMs: number | undefined): Promise<'arrival' | 'silence'> {
      const { promise, resolve } = Promise.withResolvers<'arrival' | 'silence'>()
      if (signal.aborted || failure !== undefined || stream.readableLength > 0 || mark !== undefined) return 'arrival'
      resume = () => resolve('arrival')
      const timer = silenceAfterMs === undefined ? undefined : setTimeout(() => resolve('silence'), silenceAfterMs)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        resume = () => {}
      }
    },

    /** Nobody takes any more: what arrives late flows off, and a late error stays handled. */
    end(): void {
      signal.removeEventListener('abort', wake)
      stream.off('readable', wake)
      stream.resume()
    },
  }
}
