import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import { openPool, type PostgresConnections } from '../databases/index.ts'
import { type ReadModelDatabase, valuesOf } from './database.ts'
import { liveTableNames } from './table-names.ts'
import { readModelVersion, type Tables } from './tables.ts'

/** For how long a transaction may rest between two statements before the server ends it, in milliseconds. */
const idleInTransactionMs = 30_000

/** How to reach PostgreSQL, and what is called for its queries. */
export type PostgresReadModelOptions = PostgresConnections & {
  /** The most connections of this process. Default: 10. */
  readonly maximumConnections?: number
  /** The form of the tables, other than this release's: as another release would open it. */
  readonly version?: number
  /** Called with the SQL of every query that ran. */
  readonly onQuery?: (sql: string) => void
}

/**
 * Opens the read model of a production installation. Connections are made when they are needed, so this answers while
 * the server is still away.
 */
export function openPostgresReadModel(options: PostgresReadModelOptions): ReadModelDatabase {
  const { maximumConnections = 10, version = readModelVersion, onQuery } = options
  const pool = openPool(options, {
    max: maximumConnections,
    connectionTimeoutMillis: 5_000,
    // A process that stopped within a transaction must not keep its locks for ever.
    idle_in_transaction_session_timeout: idleInTransactionMs,
  })
  const database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    plugins: [liveTableNames(version)],
    ...(onQuery === undefined ? {} : { log: ({ query }) => onQuery(query.sql) }),
  })
  return {
    kind: 'postgres',
    version,
    reads: database,
    writes: database,
    prepare({ sql, parameters }) {
      // The name is the statement's in its connection, whatever release of this service asks for it.
      const name = createHash('sha256').update(sql).digest('hex').slice(0, 32)
      return {
        async read(values) {
          onQuery?.(sql)
          return (await pool.query({ name, text: sql, values: valuesOf(parameters, values) })).rows
        },
      }
    },
    openBuilder: () => ({ writes: database, close: async () => {} }),
    isContention,
    close: async () => {
      await database.destroy()
      if (!pool.ended) await pool.end()
    },
  }
}

/** serialization_failure, deadlock_detected and lock_not_available. */
function isContention(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === '40001' || code === '40P01' || code === '55P03'
}
