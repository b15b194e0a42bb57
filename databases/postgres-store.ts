import type pg from 'pg'
import { openPool, type PostgresConnections } from './postgres-pool.ts'

/** What one store says of its database. */
export type PostgresStoreOptions = {
  /** The most connections of this process. */
  readonly connections: number
  /** How long connecting, and each statement, may take, in milliseconds. */
  readonly timeoutMs: number
  /** Statements that make its tables where they are not there, in their order. */
  readonly tables: readonly string[]
  /** Any number that nothing else of the database locks: makers of the tables wait for each other. */
  readonly schemaLock: number
  /** What callers are told of an error of the database. */
  readonly failure: (error: Error) => Error
}

/** Tables of one store in a PostgreSQL database, which several processes may use. They are made before they are first used. */
export type PostgresStore = {
  /** Runs one statement. @throws what `failure` makes of an error */
  readonly query: <Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>
  /** Runs work in one transaction: all of it, or nothing. @throws what `failure` makes of an error, also of `work` */
  readonly transact: <Result>(work: (client: pg.PoolClient) => Promise<Result>) => Promise<Result>
  readonly close: () => Promise<void>
}

/** A process that stopped within a transaction must not keep its locks for ever. */
const idleInTransactionMs = 30_000

/** Opens a store while the server may be away still: it connects when it is first used, and again after a failure. */
export function openPostgresStore(
  address: PostgresConnections,
  { connections, timeoutMs, tables, schemaLock, failure }: PostgresStoreOptions,
): PostgresStore {
  const pool = openPool(address, {
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  })
  let prepared: Promise<void> | undefined

  /** The connection goes with a failure, since nobody knows what it is in. */
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

  async function use<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      prepared ??= inTransaction(async (client) => {
        await client.query('SELECT pg_advisory_xact_lock($1)', [schemaLock])
        for (const statement of tables) await client.query(statement)
      })
      await prepared
      return await work()
    } catch (error) {
      prepared = undefined
      throw failure(error as Error)
    }
  }

  return {
    query: (text, values = []) => use(async () => (await pool.query(text, [...values])).rows),
    transact: (work) => use(() => inTransaction(work)),
    async close() {
      if (!pool.ended) await pool.end()
    },
  }
}
