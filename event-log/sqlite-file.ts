import { DatabaseSync } from 'node:sqlite'
import { isSqliteBusy, sqliteCode } from '../retry/index.ts'
import { EventLogError } from './event-log.ts'

/** `CSEL`, written to the file's header so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x4353454c
/** Raised by every change of the tables that an older release could not read. */
const schemaVersion = 1
/** How long opening waits for another process that is creating, recovering or closing the file. */
const openTimeoutMs = 10_000

const schema = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (stream_id, revision),
    UNIQUE (stream_id, id)
  ) STRICT;
  CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
  CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/**
 * An open log's file, for reading. It is written by a connection of its own, in a thread (`sqlite-writer.ts`): readers never
 * wait for it (WAL), and see whole appends only.
 */
export type SqliteFile = {
  readonly path: string
  readonly reader: DatabaseSync
  /** The connection that made or checked the file. Closed last, it brings the write-ahead log into the file. */
  readonly maker: DatabaseSync
}

/**
 * Opens the file of an event log, and makes it when there is none. Blocks for at most ten seconds, and only while another
 * process creates or recovers the file.
 *
 * @param path a file in a folder that exists
 * @param readerCacheKibibytes how much of the file the reader keeps in memory
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`, `EVENT_LOG_UNAVAILABLE`, `EVENT_LOG_NOT_A_LOG`,
 *   `EVENT_LOG_SCHEMA_UNKNOWN`, `EVENT_LOG_CORRUPT`
 */
export function openSqliteFile(path: string, readerCacheKibibytes: number): SqliteFile {
  if (path === '' || path.startsWith(':'))
    throw new EventLogError(
      'EVENT_LOG_ARGUMENT_INVALID',
      'An event log needs the path of a file; memory does not last.',
    )
  const deadline = Date.now() + openTimeoutMs
  for (;;)
    try {
      return openOnce(path, readerCacheKibibytes)
    } catch (error) {
      if (!isSqliteBusy(error) || Date.now() > deadline) throw sqliteFailure(error, `Cannot open the event log ${path}`)
      // Opening happens before the service answers anybody, so it may simply wait.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
}

/** Bytes of a page: five events and more, so that little of it stays empty. */
const pageBytes = 8_192

function openOnce(path: string, readerCacheKibibytes: number): SqliteFile {
  const maker = new DatabaseSync(path, { timeout: 1_000 })
  try {
    // Holds only for a file that is still to be made.
    maker.exec(`PRAGMA page_size = ${pageBytes}`)
    // First look, then write: a file that is not ours must stay as it is.
    const isNew = inTransaction(maker, 'BEGIN', () => checkSchema(maker, path))
    const mode = maker.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode
    if (mode !== 'wal')
      throw new EventLogError(
        'EVENT_LOG_UNAVAILABLE',
        `${path} cannot use a write-ahead log (journal mode ${mode}); put it on a local disk.`,
      )
    maker.exec('PRAGMA synchronous = FULL')
    if (isNew)
      inTransaction(maker, 'BEGIN IMMEDIATE', () => {
        // Another process may have made it while this one waited for the lock.
        if (checkSchema(maker, path)) maker.exec(schema)
      })
    // Nothing that blocks is waited for inside SQLite once the log is open.
    maker.exec('PRAGMA busy_timeout = 0')
    const reader = new DatabaseSync(path, { readOnly: true, timeout: 0 })
    reader.exec(`PRAGMA cache_size = -${readerCacheKibibytes}`)
    return { path, reader, maker }
  } catch (error) {
    maker.close()
    throw error
  }
}

/** What SQLite keeps in memory of a temporary log, in KiB. */
const temporaryCacheKibibytes = 32_768

/**
 * Makes a log in a temporary file without a name, in the folder that `SQLITE_TMPDIR` or `TMPDIR` names, or else `/var/tmp`. One
 * connection writes and reads it, and the file goes with that.
 */
export function openTemporarySqliteFile(): SqliteFile {
  const database = new DatabaseSync('')
  // Nobody needs it when something fails.
  database.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    PRAGMA cache_size = -${temporaryCacheKibibytes}; ${schema}`)
  return { path: 'the temporary file of an export', reader: database, maker: database }
}

/** One transaction sees one state of the file, even while another process is making it. */
function inTransaction<T>(database: DatabaseSync, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
  database.exec(begin)
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Whether the file is new; throws when it is somebody else's. */
function checkSchema(database: DatabaseSync, path: string): boolean {
  const id = Number(database.prepare('PRAGMA application_id').get()?.application_id)
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (id === applicationId && version === schemaVersion) return false
  if (id === applicationId)
    throw new EventLogError(
      'EVENT_LOG_SCHEMA_UNKNOWN',
      `${path} is an event log of version ${version}; this release knows version ${schemaVersion}. Use a newer release.`,
    )
  const isEmpty = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0
  if (id === 0 && version === 0 && isEmpty) return true
  throw new EventLogError('EVENT_LOG_NOT_A_LOG', `${path} is an SQLite database, but not a Countersign event log.`)
}

/** Translates what SQLite throws; an {@link EventLogError} passes through. */
export function sqliteFailure(error: unknown, what: string): EventLogError {
  if (error instanceof EventLogError) return error
  const reason = error instanceof Error ? error.message : String(error)
  switch (sqliteCode(error)) {
    case 11:
      return new EventLogError('EVENT_LOG_CORRUPT', `${what}: ${reason}. Restore it from a backup.`, { cause: error })
    case 26:
      return new EventLogError('EVENT_LOG_NOT_A_LOG', `${what}: ${reason}.`, { cause: error })
    default:
      return new EventLogError('EVENT_LOG_UNAVAILABLE', `${what}: ${reason}.`, { cause: error })
  }
}
