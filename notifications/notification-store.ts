import type { Instant, OrganizationId } from '../domain/index.ts'
import type { Checkpoint } from '../event-log/index.ts'

/** What sends notifications of one kind: each has a checkpoint and a memory of its own, and a workflow that delivers. */
export type Channel = 'webHooks' | 'mail'

/**
 * Where a notification stands:
 * - `waiting`: in the outbox; its workflow is not started yet;
 * - `underWay`: its workflow tries to deliver it, now or after a pause;
 * - `delivered`: the receiver took it;
 * - `abandoned`: it was tried for as long as it may be;
 * - `canceled`: nobody wants it any more: its web hook was turned off, for example.
 */
export const notificationStatuses = ['waiting', 'underWay', 'delivered', 'abandoned', 'canceled'] as const

/** Where a notification stands. */
export type NotificationStatus = (typeof notificationStatuses)[number]

/** Those in which nothing happens any more unless somebody has it sent again. */
export const finalStatuses = ['delivered', 'abandoned', 'canceled'] as const satisfies readonly NotificationStatus[]

/** Whether nothing happens any more. */
export function isFinal(status: NotificationStatus): status is (typeof finalStatuses)[number] {
  return finalStatuses.some((each) => each === status)
}

/** Something that is to be sent. */
export type NewNotification = {
  /** A UUID that follows from what it says to whom: put in twice, it is there once. */
  readonly id: string
  readonly organizationId: OrganizationId
  /** Notifications of one lane share a limit of workflows: a receiver that answers slowly delays its own lane only. */
  readonly lane: string
  /** What it says, as the channel writes it. No secrets, and of people ids only. */
  readonly content: string
  readonly createdAt: Instant
}

/** A notification, and how far it is. */
export type Notification = NewNotification & {
  readonly channel: Channel
  readonly status: NotificationStatus
  /** How often somebody had it sent again. The number belongs to the id of its workflow. */
  readonly round: number
  /** How often it was tried, in all rounds. */
  readonly attempts: number
  /** When it is tried next, while it is `underWay`. */
  readonly nextAttemptAt: Instant | null
  /** When it became final. */
  readonly finishedAt: Instant | null
}

/** Which attempt: numbers from 1 in each round. */
export type AttemptKey = { readonly id: string; readonly round: number; readonly attempt: number }

/** One attempt to deliver a notification, with its facts as the channel writes them. */
export type Attempt = Omit<AttemptKey, 'id'> & {
  readonly at: Instant
  readonly durationMs: number
  readonly facts: string
}

/** What follows from an attempt. */
export type AfterAttempt =
  | { readonly status: 'underWay'; readonly nextAttemptAt: Instant }
  | { readonly status: (typeof finalStatuses)[number]; readonly finishedAt: Instant }

/** How far a channel is in the log. */
export type ChannelProgress = {
  /** The last event that was handled; `undefined` when there was none. */
  readonly checkpoint: Checkpoint | undefined
  /** When the channel began with this store. */
  readonly begunAt: Instant
}

/** What a batch of events brings about. */
export type ChannelStep = {
  readonly channel: Channel
  /** How far the store must be. */
  readonly after: Checkpoint | undefined
  readonly checkpoint: Checkpoint
  /** What the channel remembers from now on, by its own keys; `null` forgets. */
  readonly remembered: ReadonlyMap<string, string | null>
  readonly notifications: readonly NewNotification[]
  /** Notifications that are to be sent again, and as which round; those that are not final, or had that round, are left alone. */
  readonly again: readonly Pick<AttemptKey, 'id' | 'round'>[]
}

/** Which notifications to list, newest first. */
export type NotificationFilter = {
  readonly organizationId: OrganizationId
  readonly lane: string
  readonly status?: NotificationStatus
  /** Those before this one in the list are left out: what `createdAt` and `id` of the last one seen were. */
  readonly after?: { readonly createdAt: Instant; readonly id: string }
}

/**
 * Where channels keep how far in the log they are, what they remember of it, what is to be sent (an outbox), and what became of
 * it. Several processes may use it.
 *
 * Every method fails with `NotificationStoreError`. The database is connected to when it is first used, and again after a failure.
 */
export interface NotificationStore {
  /** How far a channel is. Begins with it, at `now`, when it is not known yet. */
  progress(channel: Channel, now: Instant): Promise<ChannelProgress>
  /** Forgets how far a channel is and what it remembers, to begin anew at `now`; notifications stay. */
  beginAnew(channel: Channel, now: Instant): Promise<void>
  /** What a channel remembers under these keys, as far as it does. */
  recall(channel: Channel, keys: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Keeps what a batch brings about, all or nothing; nothing when another process has moved the checkpoint. */
  save(step: ChannelStep): Promise<'saved' | 'moved'>

  /**
   * Notifications of a channel whose workflows are to be started, the oldest of each lane first: with them no lane has more than
   * `perLane`.
   */
  startable(channel: Channel, perLane: number): Promise<readonly Notification[]>
  /**
   * Notes that the workflow of a round was started; it may have ended already. One that was overdue is that again only when as
   * much time has passed from now on: so no number of them that wait for long keeps the others from being found.
   */
  started(key: Pick<AttemptKey, 'id' | 'round'>, at: Instant): Promise<void>
  /** Notifications of a channel that were to be tried before this moment and were not: their workflows may be lost. */
  overdue(channel: Channel, before: Instant, limit: number): Promise<readonly Notification[]>

  find(id: string): Promise<Notification | undefined>
  /** So many at the most, newest first. */
  list(filter: NotificationFilter, limit: number): Promise<readonly Notification[]>
  /** The attempts of a notification, the oldest first. */
  attempts(id: string): Promise<readonly Attempt[]>
  /** An attempt that was recorded. */
  attempt(key: AttemptKey): Promise<Attempt | undefined>
  /** Keeps an attempt and what follows from it, once: recorded twice, the first counts. */
  record(id: string, attempt: Attempt, then: AfterAttempt): Promise<void>
  /** Ends a round without an attempt. */
  finish(key: Pick<AttemptKey, 'id' | 'round'>, status: (typeof finalStatuses)[number], at: Instant): Promise<void>

  /** Deletes notifications that were finished before this moment, so many at the most, and says how many. */
  prune(before: Instant, limit: number): Promise<number>
  close(): Promise<void>
}
