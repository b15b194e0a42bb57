import type { Instant } from '../domain/index.ts'
import {
  type ConsumerBatch,
  type ConsumerSession,
  type ConsumerStatus,
  type EventLog,
  holdsCheckpoint,
  type LogEntry,
  type RunningConsumer,
  startConsumer,
} from '../event-log/index.ts'
import type { Channel, ChannelStep, NotificationStore } from './notification-store.ts'

/** What a channel makes of a part of the log. */
export type Collected = Pick<ChannelStep, 'remembered' | 'notifications' | 'again'>

/** What a channel is given beside the entries. */
export type CollectContext = {
  /** Reads what it remembers. What it changes while it looks at the entries it keeps in mind itself. */
  readonly recall: (keys: readonly string[]) => Promise<ReadonlyMap<string, string>>
  /**
   * What happened before is not told to anybody: a channel that begins on a log, or lost its store, learns from old events and
   * sends nothing for them.
   */
  readonly tellFrom: Instant
}

/** A channel, as far as it concerns the log. */
export type ChannelOfLog = {
  readonly channel: Channel
  /**
   * Says what is to be sent because of a part of the log. It may be asked for the same part again; what it answered then has had
   * no effect.
   */
  readonly collect: (entries: readonly LogEntry[], context: CollectContext) => Promise<Collected>
}

/** What following the log needs. */
export type FollowDependencies = {
  readonly log: EventLog
  readonly store: NotificationStore
  readonly now: () => Instant
  /** What comes before it in this process; by default nothing. */
  readonly after?: (signal: AbortSignal) => Promise<unknown>
  /** Given every change of the status but those of the position. */
  readonly onStatus?: (status: ConsumerStatus) => void
  /** Called when something may be waiting in the outbox. */
  readonly onCollected?: () => void
}

/** What happened longer ago than this before a channel began is not told: nobody would be tried for longer. 3 days. */
const toldBeforeMs = 3 * 24 * 60 * 60 * 1_000

/**
 * After so many events of which nothing came the store is told how far the channel is. To tell it after each part would be a flush
 * to the disk for each, on the event loop; and nothing comes of them either when they are read again.
 */
const mostUnsaved = 1_000

/**
 * Has a channel follow the log: what it finds to be sent is kept in the outbox, in one transaction with how far it is. So each
 * event is told once, in however many processes, and whenever one of them ends.
 */
export function followLog(dependencies: FollowDependencies, { channel, collect }: ChannelOfLog): RunningConsumer {
  const { log, store, now, after: first, onStatus, onCollected } = dependencies

  async function begin(signal: AbortSignal): Promise<ConsumerSession> {
    await first?.(signal)
    const { checkpoint, begunAt } = await store.progress(channel, now())
    if (checkpoint !== undefined && !(await holdsCheckpoint(log, checkpoint))) {
      // Another log, or an older state of it: the channel learns from it anew. What was put out before has the same ids.
      await store.beginAnew(channel, now())
      return begin(signal)
    }
    const tellFrom = new Date(Date.parse(begunAt) - toldBeforeMs).toISOString()
    const context: CollectContext = { recall: (keys) => store.recall(channel, keys), tellFrom }
    /** How far the store says that the channel is, and how many events it is further. */
    let saved = checkpoint
    let unsaved = 0
    return {
      after: checkpoint,
      async handle({ entries, checkpoint: next }: ConsumerBatch) {
        const collected = await collect(entries, context)
        const { remembered, notifications, again } = collected
        unsaved += entries.length
        if (remembered.size + notifications.length + again.length === 0 && unsaved < mostUnsaved) return 'handled'
        const outcome = await store.save({ channel, after: saved, checkpoint: next, ...collected })
        if (outcome === 'moved') return 'moved'
        saved = next
        unsaved = 0
        if (notifications.length + again.length > 0) onCollected?.()
        return 'handled'
      },
    }
  }

  return startConsumer(log, {
    begin,
    ...(onStatus === undefined ? {} : { onStatus }),
    failureOf(error) {
      const { code, message } = error as Error & { readonly code?: string }
      return { code: code ?? 'NOTIFICATION_STORE_UNAVAILABLE', message, lasts: false }
    },
  })
}
