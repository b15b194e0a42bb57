import { DatabaseSync } from 'node:sqlite'
import type { NotificationStore } from './notification-store.ts'
import { NotificationStoreError } from './notification-store-error.ts'
import { type Row, tables } from './sql-rows.ts'
import { sqlNotificationStore, type Transaction } from './sql-store.ts'

/** `CSNO`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x43534e4f
/** How long a statement waits for another process, in milliseconds. It holds up this one. */
const timeoutMs = 1_000

/**
 * Keeps it in an SQLite file, which several processes of one machine may use. A power failure takes nothing back: what was
 * sent would be sent once more.
 *
 * @param path in a folder that exists; the file is made when it does not exist
 */
export function openSqliteNotificationStore(path: string): NotificationStore {
  let connection: DatabaseSync | undefined
  let isClosed = false
  /** One transaction after the other: they share the connection. */
  let before: Promise<unknown> = Promise.resolve()

  async function transact<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const mine = before.then(() => run(work))
    before = mine.catch(() => undefined)
    return mine
  }

  async function run<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    try {
      // What is still under way when the service stops must not open the file again.
      if (isClosed) throw new Error('the service is stopping')
      connection ??= openFile(path)
      const database = connection
      database.exec('BEGIN IMMEDIATE')
      const result = await work({ all: async (text, values = []) => query(database, text, values) })
      database.exec('COMMIT')
      return result
    } catch (error) {
      // A transaction that was begun ends with its connection.
      connection?.close()
      connection = undefined
      if (error instanceof NotificationStoreError) throw error
      throw new NotificationStoreError(
        'NOTIFICATION_STORE_UNAVAILABLE',
        `The notifications in ${path} cannot be used: ${(error as Error).message}.`,
        { cause: error },
      )
    }
  }

  return sqlNotificationStore({
    transact,
    forUpdate: '',
    async close() {
      isClosed = true
      await before
      connection?.close()
      connection = undefined
    },
  })
}

function query(database: DatabaseSync, text: string, values: readonly (string | number | null)[]): readonly Row[] {
  const named = Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))
  return database.prepare(text).all(named) as unknown as readonly Row[]
}

function openFile(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: timeoutMs })
  try {
    const id = Number(connection.prepare('PRAGMA application_id').get()?.application_id)
    const present = Number(connection.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables)
    if (id !== applicationId && (id !== 0 || present > 0))
      throw new NotificationStoreError(
        'NOTIFICATION_STORE_FOREIGN',
        `${path} is an SQLite database, but not that of a Countersign service's notifications.`,
      )
    connection.exec('PRAGMA journal_mode = WAL')
    connection.exec('PRAGMA synchronous = FULL')
    for (const table of tables) connection.exec(table)
    if (id !== applicationId) connection.exec(`PRAGMA application_id = ${applicationId}`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}
