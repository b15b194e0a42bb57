import type { Instant } from '../domain/index.ts'
import { keepRunning, pause } from '../retry/index.ts'
import type { Channel, finalStatuses, Notification, NotificationStore } from './notification-store.ts'

/** Has the workflow of a notification's round run, or says what became of it when it has come to its end. */
type Begin = (notification: Notification) => Promise<(typeof finalStatuses)[number] | undefined>

/** What starting workflows needs. */
export type DispatchDependencies = {
  readonly store: NotificationStore
  /**
   * Starts the workflow of a notification's round, unless it runs or has come to its end, and says then what became of it. The channels of this process; what
   * other channels have in the outbox is left there.
   */
  readonly start: Readonly<Partial<Record<Channel, Begin>>>
  readonly now: () => Instant
  /** So many workflows of one lane at once. Default 100. */
  readonly perLane?: number
  /** Called with what went wrong; it is tried again. */
  readonly onError: (error: unknown) => void
}

/** Starts workflows for what is in the outbox. */
export type Dispatch = {
  /** Looks at once whether something waits. */
  readonly look: () => void
  readonly close: () => Promise<void>
}

/** Without being asked to, it looks this often, in milliseconds: another process may have put something into the outbox. */
const restMs = 1_000
/** It looks for lost workflows this often, in milliseconds; also at its start. */
const searchMs = 60_000
/** A workflow that is this much later than it said is started again unless it runs: longer than any attempt takes. */
const overdueMs = 5 * 60_000
/** Finished notifications and their attempts are kept for so long, in milliseconds: 90 days. */
const keptMs = 90 * 24 * 60 * 60 * 1_000
const atOnce = 500

/**
 * Starts the workflows that deliver what is in the outbox, and takes a notification for started only when Temporal confirmed it:
 * whenever the process ends, none is forgotten, and by their ids none is started twice. Where Temporal lost workflows they are
 * started again. Several processes may do so.
 */
export function startDispatch(dependencies: DispatchDependencies): Dispatch {
  const { store, start, now, perLane = 100, onError } = dependencies
  const closing = new AbortController()
  let wake: AbortController | undefined
  let searchAt = 0

  const begins = Object.entries(start) as [Channel, Begin][]

  async function startAll(begin: Begin, notifications: readonly Notification[]): Promise<void> {
    for (const notification of notifications) {
      if (closing.signal.aborted) return
      const end = await begin(notification)
      if (end === undefined) await store.started(notification, now())
      // The store does not know it: it was lost, and this was put into the outbox anew.
      else await store.finish(notification, end, now())
    }
  }

  async function search(): Promise<void> {
    const at = Date.parse(now())
    for (const [channel, begin] of begins)
      await startAll(begin, await store.overdue(channel, new Date(at - overdueMs).toISOString(), atOnce))
    // A part after the other, until what is over is gone: however much is told in a minute.
    while (!closing.signal.aborted && (await store.prune(new Date(at - keptMs).toISOString(), atOnce)) === atOnce);
  }

  async function round(succeeded: () => void): Promise<void> {
    while (!closing.signal.aborted) {
      wake = new AbortController()
      if (performance.now() >= searchAt) {
        await search()
        searchAt = performance.now() + searchMs
      }
      for (const [channel, begin] of begins) await startAll(begin, await store.startable(channel, perLane))
      succeeded()
      await pause(restMs, AbortSignal.any([closing.signal, wake.signal]))
    }
  }

  const running = keepRunning(round, {
    backoff: { first: 200, longest: 5_000 },
    signal: closing.signal,
    onFailure(error) {
      onError(error)
      return 'again'
    },
  })

  return {
    look: () => wake?.abort(),
    async close() {
      closing.abort()
      await running
    },
  }
}
