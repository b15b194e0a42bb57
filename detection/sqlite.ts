import type { DatabaseSync } from 'node:sqlite'
import { failureCodeOf, inTransaction, openSqliteStore } from '../databases/index.ts'
import type { ActivityProfile } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { ActivityStore, StoredFinding } from './activity-store.ts'
import { ActivityStoreError } from './activity-store-error.ts'

/** `CSAC`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x43534143

/**
 * The form of the profiles. A release with another one has tables of its own and judges the log from the beginning: findings
 * that are recorded already have the same ids.
 */
const tables = `
  CREATE TABLE IF NOT EXISTS progress_1 (one INTEGER PRIMARY KEY CHECK (one = 1), position TEXT NOT NULL, event_id TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS profiles_1 (key TEXT PRIMARY KEY, profile TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS findings_1 (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, finding TEXT NOT NULL) STRICT;
`

/**
 * Keeps it in an SQLite file, which several processes of one machine may use. A power failure may take the last seconds back,
 * whole and with their checkpoint: what happened then is judged again.
 *
 * @param path in a folder that exists; the file is made when it does not exist
 */
export function openSqliteActivityStore(path: string): ActivityStore {
  const { use, close } = openSqliteStore({
    path,
    applicationId,
    prepare(connection) {
      connection.exec('PRAGMA journal_mode = WAL')
      connection.exec('PRAGMA synchronous = NORMAL')
      connection.exec(tables)
      return connection
    },
    foreign: () =>
      new ActivityStoreError(
        'ACTIVITY_STORE_FOREIGN',
        `${path} is an SQLite database, but not that of what is usual in a Countersign service.`,
      ),
    failure: (cause) =>
      new ActivityStoreError(
        'ACTIVITY_STORE_UNAVAILABLE',
        `The file of what is known of usual activity cannot be used: ${failureCodeOf(cause)}.`,
        { cause },
      ),
  })

  return {
    checkpoint: () => use(checkpointOf),
    load: (keys) =>
      use((database) => {
        const select = database.prepare('SELECT profile FROM profiles_1 WHERE key = ?')
        return new Map(
          [...new Set(keys)].flatMap((key) => {
            const row = select.get(key)
            return row === undefined ? [] : [[key, JSON.parse(String(row.profile)) as ActivityProfile] as const]
          }),
        )
      }),
    save: ({ after, checkpoint, profiles, findings }) =>
      use((database) =>
        inTransaction(database, () => {
          const present = checkpointOf(database)
          if (present?.position !== after?.position || present?.eventId !== after?.eventId) return 'moved'
          const put = database.prepare('INSERT OR REPLACE INTO profiles_1 (key, profile) VALUES (?, ?)')
          for (const [key, profile] of profiles) put.run(key, JSON.stringify(profile))
          const add = database.prepare('INSERT OR IGNORE INTO findings_1 (id, finding) VALUES (?, ?)')
          for (const { id, event, cause } of findings) add.run(id, JSON.stringify({ event, cause }))
          database
            .prepare('INSERT OR REPLACE INTO progress_1 (one, position, event_id) VALUES (1, ?, ?)')
            .run(checkpoint.position, checkpoint.eventId ?? null)
          return 'saved'
        }),
      ),
    unrecorded: (limit) =>
      use((database) =>
        database
          .prepare('SELECT id, finding FROM findings_1 ORDER BY number LIMIT ?')
          .all(limit)
          .map(({ id, finding }) => ({ id, ...JSON.parse(String(finding)) }) as StoredFinding),
      ),
    recorded: (id) => use((database) => void database.prepare('DELETE FROM findings_1 WHERE id = ?').run(id)),
    clear: () =>
      use((database) =>
        inTransaction(database, () =>
          database.exec('DELETE FROM progress_1; DELETE FROM profiles_1; DELETE FROM findings_1'),
        ),
      ),
    close,
  }
}

function checkpointOf(database: DatabaseSync) {
  const row = database.prepare('SELECT position, event_id FROM progress_1').get()
  if (row === undefined) return undefined
  return { position: row.position as LogPosition, eventId: row.event_id === null ? undefined : String(row.event_id) }
}
