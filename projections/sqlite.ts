import { DatabaseSync } from 'node:sqlite'
import { type Dialect, Kysely, SqliteDialect } from 'kysely'
import { isSqliteBusy } from '../retry/index.ts'
import { type ReadModelDatabase, valuesOf } from './database.ts'
import { asKyselySqlite } from './node-sqlite.ts'
import { openReadModelFile } from './sqlite-file.ts'
import { threadDialect } from './sqlite-thread-dialect.ts'
import { liveTableNames } from './table-names.ts'
import { readModelVersion, type Tables } from './tables.ts'

/** Where the embedded read model is, and what is called for its queries. */
export type SqliteReadModelOptions = {
  /** A file on a local disk, in a folder that exists; made when it does not exist. */
  readonly path: string
  /** The form of the tables, other than this release's: as another release would open it. */
  readonly version?: number
  /** Called with the SQL of every query that ran. */
  readonly onQuery?: (sql: string) => void
}

/**
 * Opens the embedded read model: one SQLite file (WAL, `synchronous=NORMAL`) that several processes of one machine may use
 * at once. Reads and writes have a connection each, so that a read never waits for a transaction. A process that ends loses
 * nothing; after a power failure the model may be where it was some seconds before, and is caught up from the log.
 *
 * @throws ReadModelError `READ_MODEL_UNAVAILABLE` when the file cannot be opened, `READ_MODEL_FOREIGN` when it is
 *   something else
 */
export function openSqliteReadModel({
  path,
  version = readModelVersion,
  onQuery,
}: SqliteReadModelOptions): ReadModelDatabase {
  const writer = openReadModelFile(path)
  const reader = new DatabaseSync(path, { readOnly: true, timeout: 1_000 })
  const readable = asKyselySqlite(reader)
  const kysely = (dialect: Dialect) =>
    new Kysely<Tables>({
      dialect,
      plugins: [liveTableNames(version)],
      ...(onQuery === undefined ? {} : { log: ({ query }) => onQuery(query.sql) }),
    })
  const writes = kysely(new SqliteDialect({ database: asKyselySqlite(writer) }))
  const reads = kysely(new SqliteDialect({ database: readable }))
  return {
    kind: 'sqlite',
    version,
    reads,
    writes,
    prepare: ({ sql, parameters }) => ({
      async read(values) {
        onQuery?.(sql)
        return readable.prepare(sql).all(valuesOf(parameters, values)) as never
      },
    }),
    openBuilder() {
      const builds = kysely(threadDialect(path))
      return { writes: builds, close: () => builds.destroy() }
    },
    isContention: isSqliteBusy,
    close: async () => {
      await Promise.all([reads.destroy(), writes.destroy()])
      // A connection that was never used is not Kysely's to close.
      for (const database of [reader, writer]) if (database.isOpen) database.close()
    },
  }
}
