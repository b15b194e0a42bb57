import type { Channel, Notification, NotificationStore } from './notification-store.ts'
import { areFinal, attemptOf, checkpointOf, columns, momentsOf, notificationOf, type Row } from './sql-rows.ts'

/** Statements within one transaction; parameters are `$1`, `$2` … */
export type Transaction = {
  readonly all: (text: string, values?: readonly (string | number | null)[]) => Promise<readonly Row[]>
}

/** A database of either kind. */
export type SqlDatabase = {
  /** Runs work in one transaction, alone among those that write. Fails with `NotificationStoreError`. */
  readonly transact: <Result>(work: (transaction: Transaction) => Promise<Result>) => Promise<Result>
  /** What makes a reader of the checkpoint wait for the writer before, at the end of its `SELECT`. */
  readonly forUpdate: string
  readonly close: () => Promise<void>
}

/** The store over a database of either kind. */
export function sqlNotificationStore({ transact, forUpdate, close }: SqlDatabase): NotificationStore {
  const checkpointIn = async ({ all }: Transaction, channel: Channel) =>
    (
      await all(`SELECT position, event_id, begun_at FROM notification_progress_1 WHERE channel = $1${forUpdate}`, [
        channel,
      ])
    )[0]

  return {
    progress: (channel, now) =>
      transact(async (transaction) => {
        await transaction.all(
          'INSERT INTO notification_progress_1 (channel, begun_at) VALUES ($1, $2) ON CONFLICT DO NOTHING',
          [channel, now],
        )
        const row = await checkpointIn(transaction, channel)
        return { checkpoint: checkpointOf(row), begunAt: String(row?.begun_at) }
      }),
    beginAnew: (channel, now) =>
      transact(async ({ all }) => {
        await all('DELETE FROM notification_progress_1 WHERE channel = $1', [channel])
        await all('DELETE FROM notification_memory_1 WHERE channel = $1', [channel])
        await all('INSERT INTO notification_progress_1 (channel, begun_at) VALUES ($1, $2)', [channel, now])
      }),
    recall: (channel, keys) =>
      transact(async ({ all }) => {
        const found = new Map<string, string>()
        for (const key of new Set(keys)) {
          const [row] = await all('SELECT value FROM notification_memory_1 WHERE channel = $1 AND key = $2', [
            channel,
            key,
          ])
          if (row !== undefined) found.set(key, String(row.value))
        }
        return found
      }),
    save: ({ channel, after, checkpoint, remembered, notifications, again }) =>
      transact(async (transaction) => {
        const { all } = transaction
        const present = checkpointOf(await checkpointIn(transaction, channel))
        if (present?.position !== after?.position || present?.eventId !== after?.eventId) return 'moved'
        for (const [key, value] of remembered)
          if (value === null)
            await all('DELETE FROM notification_memory_1 WHERE channel = $1 AND key = $2', [channel, key])
          else
            await all(
              `INSERT INTO notification_memory_1 (channel, key, value) VALUES ($1, $2, $3)
               ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value`,
              [channel, key, value],
            )
        for (const { id, organizationId, lane, content, createdAt } of notifications)
          await all(
            `INSERT INTO notifications_1 (id, channel, organization_id, lane, content, created_at, status, round, attempts)
             VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, 0) ON CONFLICT DO NOTHING`,
            [id, channel, organizationId, lane, content, createdAt],
          )
        for (const { id, round } of again)
          await all(
            `UPDATE notifications_1 SET status = 'waiting', round = $3, next_attempt_at = NULL, finished_at = NULL
             WHERE id = $1 AND channel = $2 AND round < $3 AND status IN ${areFinal}`,
            [id, channel, round],
          )
        await all('UPDATE notification_progress_1 SET position = $2, event_id = $3 WHERE channel = $1', [
          channel,
          checkpoint.position,
          checkpoint.eventId ?? null,
        ])
        return 'saved'
      }),

    startable: (channel, perLane) =>
      transact(async ({ all }) => {
        const found: Notification[] = []
        for (let lane = ''; ; ) {
          // One lane after the other by the index: how much waits in a lane costs nothing.
          const [next] = await all(
            "SELECT lane FROM notifications_1 WHERE channel = $1 AND status = 'waiting' AND lane > $2 ORDER BY lane LIMIT 1",
            [channel, lane],
          )
          if (next === undefined) return found
          lane = String(next.lane)
          const [busy] = await all(
            "SELECT count(*) AS busy FROM notifications_1 WHERE channel = $1 AND status = 'underWay' AND lane = $2",
            [channel, lane],
          )
          const free = Math.max(0, perLane - Number(busy?.busy))
          const rows = await all(
            `SELECT ${columns} FROM notifications_1 WHERE channel = $1 AND status = 'waiting' AND lane = $2
             ORDER BY created_at, id LIMIT $3`,
            [channel, lane, free],
          )
          found.push(...rows.map(notificationOf))
        }
      }),
    started: ({ id, round }, at) =>
      transact(async ({ all }) => {
        await all(
          `UPDATE notifications_1 SET status = 'underWay', next_attempt_at = $3
           WHERE id = $1 AND round = $2 AND (status = 'waiting' OR (status = 'underWay' AND next_attempt_at < $3))`,
          [id, round, at],
        )
      }),
    overdue: (channel, before, limit) =>
      transact(async ({ all }) => {
        const rows = await all(
          `SELECT ${columns} FROM notifications_1 WHERE channel = $1 AND status = 'underWay' AND next_attempt_at < $2
           ORDER BY next_attempt_at LIMIT $3`,
          [channel, before, limit],
        )
        return rows.map(notificationOf)
      }),

    find: (id) =>
      transact(async ({ all }) => {
        const [row] = await all(`SELECT ${columns} FROM notifications_1 WHERE id = $1`, [id])
        return row && notificationOf(row)
      }),
    list: ({ organizationId, lane, status, after }, limit) =>
      transact(async ({ all }) => {
        const conditions = ['organization_id = $1', 'lane = $2']
        const values: (string | number)[] = [organizationId, lane]
        const bind = (value: string | number) => `$${values.push(value)}`
        if (status !== undefined) conditions.push(`status = ${bind(status)}`)
        if (after !== undefined) {
          const at = bind(after.createdAt)
          conditions.push(`(created_at < ${at} OR (created_at = ${at} AND id < ${bind(after.id)}))`)
        }
        const rows = await all(
          `SELECT ${columns} FROM notifications_1 WHERE ${conditions.join(' AND ')}
           ORDER BY created_at DESC, id DESC LIMIT ${bind(limit)}`,
          values,
        )
        return rows.map(notificationOf)
      }),
    attempts: (id) =>
      transact(async ({ all }) => {
        const rows = await all(
          'SELECT * FROM notification_attempts_1 WHERE notification_id = $1 ORDER BY round, attempt',
          [id],
        )
        return rows.map(attemptOf)
      }),
    attempt: ({ id, round, attempt }) =>
      transact(async ({ all }) => {
        const [row] = await all(
          'SELECT * FROM notification_attempts_1 WHERE notification_id = $1 AND round = $2 AND attempt = $3',
          [id, round, attempt],
        )
        return row && attemptOf(row)
      }),
    record: (id, { round, attempt, at, durationMs, facts }, then) =>
      transact(async ({ all }) => {
        const kept = await all(
          `INSERT INTO notification_attempts_1 (notification_id, round, attempt, at, duration_ms, facts)
           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING attempt`,
          [id, round, attempt, at, Math.round(durationMs), facts],
        )
        if (kept.length === 0) return
        await all(
          `UPDATE notifications_1 SET attempts = attempts + 1, status = $3, next_attempt_at = $4, finished_at = $5
           WHERE id = $1 AND round = $2 AND status IN ('waiting', 'underWay')`,
          [id, round, then.status, ...momentsOf(then)],
        )
      }),
    finish: ({ id, round }, status, at) =>
      transact(async ({ all }) => {
        await all(
          `UPDATE notifications_1 SET status = $3, next_attempt_at = NULL, finished_at = $4
           WHERE id = $1 AND round = $2 AND status IN ('waiting', 'underWay')`,
          [id, round, status, at],
        )
      }),

    prune: (before, limit) =>
      transact(async ({ all }) => {
        const rows = await all('SELECT id FROM notifications_1 WHERE finished_at < $1 ORDER BY finished_at LIMIT $2', [
          before,
          limit,
        ])
        for (const { id = null } of rows) {
          await all('DELETE FROM notification_attempts_1 WHERE notification_id = $1', [id])
          await all('DELETE FROM notifications_1 WHERE id = $1', [id])
        }
        return rows.length
      }),
    close,
  }
}
