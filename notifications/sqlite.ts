import type { DatabaseSync } from 'node:sqlite'
import { failureCodeOf, openSqliteStore } from '../databases/index.ts'
import type { NotificationStore } from './notification-store.ts'
import { NotificationStoreError } from './notification-store-error.ts'
import { type Row, tables } from './sql-rows.ts'
import { sqlNotificationStore, type Transaction } from './sql-store.ts'

/** `CSNO`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x43534e4f

/**
 * Keeps it in an SQLite file, which several processes of one machine may use. A power failure takes nothing back: what was
 * sent would be sent once more.
 *
 * @param path in a folder that exists; the file is made when it does not exist
 */
export function openSqliteNotificationStore(path: string): NotificationStore {
  const { use, close } = openSqliteStore({
    path,
    applicationId,
    prepare(connection) {
      connection.exec('PRAGMA journal_mode = WAL')
      connection.exec('PRAGMA synchronous = FULL')
      for (const table of tables) connection.exec(table)
      return connection
    },
    foreign: () =>
      new NotificationStoreError(
        'NOTIFICATION_STORE_FOREIGN',
        `${path} is an SQLite database, but not that of a Countersign service's notifications.`,
      ),
    failure: (cause) =>
      new NotificationStoreError(
        'NOTIFICATION_STORE_UNAVAILABLE',
        `The file of notifications cannot be used: ${failureCodeOf(cause)}.`,
        { cause },
      ),
  })
  /** One transaction after the other: they share the connection. */
  let before: Promise<unknown> = Promise.resolve()

  async function transact<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const mine = before.then(() =>
      use(async (database) => {
        database.exec('BEGIN IMMEDIATE')
        const result = await work({ all: async (text, values = []) => query(database, text, values) })
        database.exec('COMMIT')
        return result
      }),
    )
    before = mine.catch(() => undefined)
    return mine
  }

  return sqlNotificationStore({
    transact,
    forUpdate: '',
    async close() {
      await before
      await close()
    },
  })
}

function query(database: DatabaseSync, text: string, values: readonly (string | number | null)[]): readonly Row[] {
  const named = Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))
  return database.prepare(text).all(named) as unknown as readonly Row[]
}
