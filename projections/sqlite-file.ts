import { DatabaseSync } from 'node:sqlite'
import { ReadModelError } from './read-model-error.ts'

/** `CSRM`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x4353524d
/** How long opening waits for another process that opens the same file. */
const openTimeoutMs = 10_000

/** Memory for pages that are being written. */
const cacheKibibytes = 32 * 1024
/** Bytes of a page: requests have some 3 KB, events some 1 KB, and less of it stays empty than of a smaller one. */
const pageBytes = 8_192
/** So many pages are collected in the write-ahead log before they go to the file. */
const walPages = 4_096

/**
 * Opens a read model's file to write in it, and makes it when there is none.
 *
 * @throws ReadModelError `READ_MODEL_UNAVAILABLE`, `READ_MODEL_FOREIGN`
 */
export function openReadModelFile(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: openTimeoutMs })
    const id = Number(database.prepare('PRAGMA application_id').get()?.application_id)
    const tables = Number(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables)
    if (id !== applicationId && (id !== 0 || tables > 0))
      throw new ReadModelError('READ_MODEL_FOREIGN', `${path} is an SQLite database, but not a Countersign read model.`)
    // Holds only for a file that is still to be made.
    database.exec(`PRAGMA page_size = ${pageBytes}`)
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
