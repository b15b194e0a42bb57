import { DatabaseSync } from 'node:sqlite'
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely'
import { isSqliteBusy } from '../retry/index.ts'
import { type ReadModelDatabase, valuesOf } from './database.ts'
import { asKyselySqlite } from './node-sqlite.ts'
import { ReadModelError } from './read-model-error.ts'
import { liveTableNames } from './table-names.ts'
import { readModelVersion, type Tables } from './tables.ts'

/** `CSRM`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x4353524d
/** How long opening waits for another process that opens the same file. */
const openTimeoutMs = 10_000

/** Memory for pages that are being written. */
const cacheKibibytes = 32 * 1024
/** So many pages of 4 KiB are collected in the write-ahead log before they go to the file. */
const walPages = 8_192

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
  const writer = openFile(path)
  const reader = new DatabaseSync(path, { readOnly: true, timeout: 1_000 })
  const readable = asKyselySqlite(reader)
  const kysely = (database: SqliteDatabase) =>
    new Kysely<Tables>({
      dialect: new SqliteDialect({ database }),
      plugins: [liveTableNames(version)],
      ...(onQuery === undefined ? {} : { log: ({ query }) => onQuery(query.sql) }),
    })
  const writes = kysely(asKyselySqlite(writer))
  const reads = kysely(readable)
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
    isContention: isSqliteBusy,
    close: async () => {
      await Promise.all([reads.destroy(), writes.destroy()])
      // A connection that was never used is not Kysely's to close.
      for (const database of [reader, writer]) if (database.isOpen) database.close()
    },
  }
}

function openFile(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: openTimeoutMs })
    const id = Number(database.prepare('PRAGMA application_id').get()?.application_id)
    const tables = Number(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables)
    if (id !== applicationId && (id !== 0 || tables > 0))
      throw new ReadModelError('READ_MODEL_FOREIGN', `${path} is an SQLite database, but not a Countersign read model.`)
    database.exec('PRAGMA journal_mode = WAL')
    // A commit does not wait for the disk. A power failure can take the last ones back, whole and with their checkpoint: the
    // projector makes them again from the log, which loses none.
    database.exec('PRAGMA synchronous = NORMAL')
    // Batches are large: ids are spread over whole indexes, and every commit would move the write-ahead log by itself.
    database.exec(`PRAGMA cache_size = -${cacheKibibytes}`)
    database.exec(`PRAGMA wal_autocheckpoint = ${walPages}`)
    if (id !== applicationId) database.exec(`PRAGMA application_id = ${applicationId}`)
    // From here on a lock is waited for in the event loop, not inside SQLite.
    database.exec('PRAGMA busy_timeout = 0')
    return database
  } catch (error) {
    database?.close()
    if (error instanceof ReadModelError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ReadModelError('READ_MODEL_UNAVAILABLE', `Cannot open the read model ${path}: ${reason}.`, {
      cause: error,
    })
  }
}
