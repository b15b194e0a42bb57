import type { Instant, OrganizationId } from '../domain/index.ts'
import type { Checkpoint, LogPosition } from '../event-log/index.ts'
import {
  type AfterAttempt,
  type Attempt,
  type Channel,
  finalStatuses,
  type Notification,
  type NotificationStatus,
} from './notification-store.ts'

/** A row as both databases give it. */
export type Row = Readonly<Record<string, string | number | null>>

/** The tables, for both databases. Another form of them has another number in their names. */
export const tables: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS notification_progress_1 (
    channel text PRIMARY KEY, position text, event_id text, begun_at text NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS notification_memory_1 (
    channel text NOT NULL, key text NOT NULL, value text NOT NULL, PRIMARY KEY (channel, key))`,
  `CREATE TABLE IF NOT EXISTS notifications_1 (
    id text PRIMARY KEY, channel text NOT NULL, organization_id text NOT NULL, lane text NOT NULL, content text NOT NULL,
    created_at text NOT NULL, status text NOT NULL, round integer NOT NULL, attempts integer NOT NULL,
    next_attempt_at text, finished_at text)`,
  'CREATE INDEX IF NOT EXISTS notifications_1_lanes_of_channel ON notifications_1 (channel, status, lane, created_at, id)',
  'CREATE INDEX IF NOT EXISTS notifications_1_due_of_channel ON notifications_1 (channel, status, next_attempt_at)',
  'CREATE INDEX IF NOT EXISTS notifications_1_finished ON notifications_1 (finished_at)',
  'CREATE INDEX IF NOT EXISTS notifications_1_list ON notifications_1 (organization_id, lane, created_at, id)',
  'CREATE INDEX IF NOT EXISTS notifications_1_status ON notifications_1 (organization_id, lane, status, created_at, id)',
  `CREATE TABLE IF NOT EXISTS notification_attempts_1 (
    notification_id text NOT NULL, round integer NOT NULL, attempt integer NOT NULL, at text NOT NULL,
    duration_ms integer NOT NULL, facts text NOT NULL, PRIMARY KEY (notification_id, round, attempt))`,
]

/** Of a notification. */
export const columns =
  'id, channel, organization_id, lane, content, created_at, status, round, attempts, next_attempt_at, finished_at'
/** What statuses in which nothing happens any more are `IN`. */
export const areFinal = `(${finalStatuses.map((status) => `'${status}'`).join(', ')})`

/** When it is tried next, and when it became final. */
export function momentsOf(then: AfterAttempt): readonly [Instant | null, Instant | null] {
  return then.status === 'underWay' ? [then.nextAttemptAt, null] : [null, then.finishedAt]
}

/** Of a channel that has handled something. */
export function checkpointOf(row: Row | undefined): Checkpoint | undefined {
  if (row?.position == null) return undefined
  return {
    position: String(row.position) as LogPosition,
    eventId: row.event_id == null ? undefined : String(row.event_id),
  }
}

/** A row of `notifications_1`. */
export function notificationOf(row: Row): Notification {
  return {
    id: String(row.id),
    channel: String(row.channel) as Channel,
    organizationId: String(row.organization_id) as OrganizationId,
    lane: String(row.lane),
    content: String(row.content),
    createdAt: String(row.created_at),
    status: String(row.status) as NotificationStatus,
    round: Number(row.round),
    attempts: Number(row.attempts),
    nextAttemptAt: row.next_attempt_at == null ? null : String(row.next_attempt_at),
    finishedAt: row.finished_at == null ? null : String(row.finished_at),
  }
}

/** A row of `notification_attempts_1`. */
export function attemptOf(row: Row): Attempt {
  return {
    round: Number(row.round),
    attempt: Number(row.attempt),
    at: String(row.at),
    durationMs: Number(row.duration_ms),
    facts: String(row.facts),
  }
}
