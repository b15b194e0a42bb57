import type pg from 'pg'
import { openPool, type PostgresConnections } from '../postgres/index.ts'
import type { NotificationStore } from './notification-store.ts'
import { NotificationStoreError } from './notification-store-error.ts'
import { type Row, tables } from './sql-rows.ts'
import { sqlNotificationStore, type Transaction } from './sql-store.ts'

/** How long connecting, and each statement, may take, in milliseconds. */
const timeoutMs = 10_000
/** A process that stopped within a transaction must not keep its locks for ever. */
const idleInTransactionMs = 30_000
/** Any number that nothing else of the database locks: makers of the tables wait for each other. */
const schemaLock = 0x43534e4f

/** Keeps it in a PostgreSQL database, which several processes may use: each part of the log is handled by one of them. */
export function openPostgresNotificationStore(options: PostgresConnections): NotificationStore {
  const pool = openPool(options, {
    max: 4,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  })
  let prepared: Promise<void> | undefined

  /** One transaction: all of it, or nothing. The connection goes with a failure, since nobody knows what it is in. */
  async function inTransaction<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const result = await work(client)
      await client.query('COMMIT')
      client.release()
      return result
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  async function transact<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    try {
      prepared ??= inTransaction(async (client) => {
        await client.query('SELECT pg_advisory_xact_lock($1)', [schemaLock])
        for (const table of tables) await client.query(table)
      })
      await prepared
      return await inTransaction((client) =>
        work({ all: async (text, values = []) => (await client.query<Row>(text, [...values])).rows }),
      )
    } catch (error) {
      prepared = undefined
      throw new NotificationStoreError(
        'NOTIFICATION_STORE_UNAVAILABLE',
        `The database of notifications cannot be used: ${(error as Error).message}.`,
        { cause: error },
      )
    }
  }

  return sqlNotificationStore({
    transact,
    forUpdate: ' FOR UPDATE',
    async close() {
      if (!pool.ended) await pool.end()
    },
  })
}
