import { failureCodeOf, openPostgresStore, type PostgresConnections } from '../databases/index.ts'
import type { NotificationStore } from './notification-store.ts'
import { NotificationStoreError } from './notification-store-error.ts'
import { type Row, tables } from './sql-rows.ts'
import { sqlNotificationStore } from './sql-store.ts'

/** How long connecting, and each statement, may take, in milliseconds. */
const timeoutMs = 10_000
/** Any number that nothing else of the database locks: makers of the tables wait for each other. */
const schemaLock = 0x43534e4f

/** Keeps it in a PostgreSQL database, which several processes may use: each part of the log is handled by one of them. */
export function openPostgresNotificationStore(options: PostgresConnections): NotificationStore {
  const { transact, close } = openPostgresStore(options, {
    connections: 4,
    timeoutMs,
    tables,
    schemaLock,
    failure: (cause) =>
      new NotificationStoreError(
        'NOTIFICATION_STORE_UNAVAILABLE',
        `The database of notifications cannot be used: ${failureCodeOf(cause)}.`,
        { cause },
      ),
  })

  return sqlNotificationStore({
    transact: (work) =>
      transact((client) =>
        work({ all: async (text, values = []) => (await client.query<Row>(text, [...values])).rows }),
      ),
    forUpdate: ' FOR UPDATE',
    close,
  })
}
