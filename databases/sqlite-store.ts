import { DatabaseSync } from 'node:sqlite'
import { preparingOnce } from './prepared-once.ts'

/** What one store says of its file. */
export type SqliteStoreOptions<Opened> = {
  /** In a folder that exists; the file is made when it does not exist. */
  readonly path: string
  /** Stands in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
  readonly applicationId: number
  /** Sets the connection up and makes the tables where they are not there. */
  readonly prepare: (connection: DatabaseSync) => Opened
  /** What callers are told of a file that is another database. */
  readonly foreign: () => Error
  /** What callers are told of any other error. */
  readonly failure: (error: Error) => Error
}

/** A store's SQLite file, which several processes of one machine may use. */
export type SqliteStore<Opened> = {
  /**
   * Runs work on the file, which is opened when it is first used, and again after a failure: it may have been put back from a copy.
   *
   * @throws what `foreign` or `failure` says
   */
  readonly use: <Result>(work: (opened: Opened) => Result | Promise<Result>) => Promise<Result>
  readonly close: () => Promise<void>
}

/** How long a statement waits for another process, in milliseconds. It holds up this one. */
const timeoutMs = 1_000

/** Opens a store that is one SQLite file. */
export function openSqliteStore<Opened>(options: SqliteStoreOptions<Opened>): SqliteStore<Opened> {
  const { path, failure } = options
  let open: { readonly connection: DatabaseSync; readonly opened: Opened } | undefined
  let isClosed = false

  function forget(): void {
    open?.connection.close()
    open = undefined
  }

  return {
    async use(work) {
      try {
        // What is still under way when the service stops must not open the file again.
        if (isClosed) throw new Error('the service is stopping')
        open ??= openFile(path, options)
        return await work(open.opened)
      } catch (error) {
        // A transaction that was begun ends with its connection.
        forget()
        throw error instanceof ForeignFile ? error.told : failure(error as Error)
      }
    },
    async close() {
      isClosed = true
      forget()
    },
  }
}

/** Runs work in one transaction: all of it, or nothing. */
export function inTransaction<Result>(connection: DatabaseSync, work: () => Result): Result {
  connection.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    connection.exec('COMMIT')
    return result
  } catch (error) {
    connection.exec('ROLLBACK')
    throw error
  }
}

/** Carries what callers are told past what is said of other errors. */
class ForeignFile extends Error {
  readonly told: Error

  constructor(told: Error) {
    super(told.message)
    this.told = told
  }
}

function openFile<Opened>(path: string, { applicationId, prepare, foreign }: SqliteStoreOptions<Opened>) {
  const connection = preparingOnce(new DatabaseSync(path, { timeout: timeoutMs }))
  try {
    const id = Number(connection.prepare('PRAGMA application_id').get()?.application_id)
    const present = Number(connection.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables)
    if (id !== applicationId && (id !== 0 || present > 0)) throw new ForeignFile(foreign())
    const opened = prepare(connection)
    if (id !== applicationId) connection.exec(`PRAGMA application_id = ${applicationId}`)
    return { connection, opened }
  } catch (error) {
    connection.close()
    throw error
  }
}
