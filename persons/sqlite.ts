import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { failureCodeOf, openSqliteStore } from '../databases/index.ts'
import type { UserId } from '../domain/index.ts'
import type { PersonKeyStore, StoredAddressKey, StoredPersonKey } from './person-key-store.ts'
import { PersonKeysError } from './person-keys-error.ts'

/** `CSPK`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x4353504b
/** So many users are asked for in one statement. */
const usersAtOnce = 500

type Database = {
  readonly connection: DatabaseSync
  readonly add: StatementSync
  readonly claim: StatementSync
  readonly holder: StatementSync
  readonly destroy: StatementSync
  readonly wrappedByOthers: StatementSync
  readonly replace: StatementSync
}

/**
 * Keeps users' keys in an SQLite file of their own, which several processes of one machine may use. What is deleted is
 * overwritten in the file (`secure_delete`).
 *
 * @param path in a folder that exists; the file is made when it does not exist
 */
export function openSqlitePersonKeys(path: string): PersonKeyStore {
  const { use, close } = openSqliteStore({
    path,
    applicationId,
    prepare,
    foreign: () =>
      new PersonKeysError(
        'PERSON_KEYS_FOREIGN',
        `${path} is an SQLite database, but holds no keys of Countersign's users.`,
      ),
    failure: (cause) =>
      new PersonKeysError(
        'PERSON_KEYS_UNAVAILABLE',
        `The file of the keys of the users' names cannot be used: ${failureCodeOf(cause)}.`,
        { cause },
      ),
  })

  return {
    add: (key) => use(({ add }) => void add.run(...valuesOf(key))),
    claimAddress: (key, addressHash) =>
      use(({ claim, holder }) => {
        claim.run(...valuesOf(key), addressHash)
        const row = holder.get(key.organizationId, addressHash)
        // Erased in between by another process: whoever asks again gets the address.
        if (row === undefined) throw new Error('an address was given up while it was asked for')
        return keyOf(row)
      }),
    keepAddressKey: ({ masterKeyId, wrappedKey }) =>
      use(({ connection }) => {
        connection
          .prepare('INSERT INTO address_key (id, master_key_id, wrapped_key) VALUES (1, ?, ?) ON CONFLICT DO NOTHING')
          .run(masterKeyId, wrappedKey)
        return addressKeyOf(connection) as StoredAddressKey
      }),
    addressKey: () => use(({ connection }) => addressKeyOf(connection)),
    replaceAddressKey: ({ masterKeyId, wrappedKey }) =>
      use(({ connection }) => {
        connection.prepare('UPDATE address_key SET master_key_id = ?, wrapped_key = ?').run(masterKeyId, wrappedKey)
      }),
    find: (userIds) =>
      use(({ connection }) => {
        const found: StoredPersonKey[] = []
        // Asked also for nobody: whoever wants to know whether the file can be read does so.
        for (let start = 0; start === 0 || start < userIds.length; start += usersAtOnce) {
          const some = userIds.slice(start, start + usersAtOnce)
          const statement = connection.prepare(
            `SELECT * FROM person_keys WHERE user_id IN (${some.map(() => '?').join(', ')})`,
          )
          found.push(...statement.all(...some).map(keyOf))
        }
        return found
      }),
    destroy: (userId) => use(({ destroy }) => void destroy.run(userId)),
    wrappedByOthers: (masterKeyId, limit) =>
      use(({ wrappedByOthers }) => wrappedByOthers.all(masterKeyId, limit).map(keyOf)),
    replace: ({ masterKeyId, wrappedKey, userId }) =>
      use(({ replace }) => void replace.run(masterKeyId, wrappedKey, userId)),
    erasuresDoneTo: () =>
      use(({ connection }) => {
        const row = connection.prepare('SELECT position FROM erasures').get()
        return row === undefined ? undefined : String(row.position)
      }),
    markErasuresDone: (position) =>
      use(({ connection }) => {
        connection
          .prepare(
            'INSERT INTO erasures (id, position) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET position = excluded.position',
          )
          .run(position)
      }),
    close,
  }
}

function prepare(connection: DatabaseSync): Database {
  // A journal that is cut off after each change: no copy of a destroyed key stays in a write-ahead log.
  connection.exec('PRAGMA journal_mode = TRUNCATE')
  connection.exec('PRAGMA synchronous = FULL')
  connection.exec('PRAGMA secure_delete = ON')
  connection.exec(`CREATE TABLE IF NOT EXISTS person_keys (
    user_id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    master_key_id TEXT NOT NULL,
    wrapped_key TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT`)
  connection.exec(
    'CREATE TABLE IF NOT EXISTS erasures (id INTEGER NOT NULL PRIMARY KEY, position TEXT NOT NULL) STRICT',
  )
  connection.exec(
    'CREATE TABLE IF NOT EXISTS address_key (id INTEGER NOT NULL PRIMARY KEY, master_key_id TEXT NOT NULL, wrapped_key TEXT NOT NULL) STRICT',
  )
  addAddressHash(connection)
  return {
    connection,
    // Columns by name: a later release may have added some.
    add: connection.prepare(
      'INSERT INTO person_keys (user_id, organization_id, master_key_id, wrapped_key, created_at) VALUES (?, ?, ?, ?, ?)',
    ),
    claim: connection.prepare(
      `INSERT INTO person_keys (user_id, organization_id, master_key_id, wrapped_key, created_at, address_hash)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (organization_id, address_hash) DO NOTHING`,
    ),
    holder: connection.prepare('SELECT * FROM person_keys WHERE organization_id = ? AND address_hash = ?'),
    destroy: connection.prepare('DELETE FROM person_keys WHERE user_id = ?'),
    wrappedByOthers: connection.prepare('SELECT * FROM person_keys WHERE master_key_id <> ? LIMIT ?'),
    replace: connection.prepare('UPDATE person_keys SET master_key_id = ?, wrapped_key = ? WHERE user_id = ?'),
  }
}

/** Files that were made before addresses were unique get the column, once, whoever opens them at the same moment. */
function addAddressHash(connection: DatabaseSync): void {
  connection.exec('BEGIN IMMEDIATE')
  const columns = connection.prepare('PRAGMA table_info(person_keys)').all()
  if (!columns.some(({ name }) => name === 'address_hash'))
    connection.exec('ALTER TABLE person_keys ADD COLUMN address_hash TEXT')
  connection.exec('CREATE UNIQUE INDEX IF NOT EXISTS person_addresses ON person_keys (organization_id, address_hash)')
  connection.exec('COMMIT')
}

function addressKeyOf(connection: DatabaseSync): StoredAddressKey | undefined {
  const row = connection.prepare('SELECT * FROM address_key').get()
  return row && { masterKeyId: String(row.master_key_id), wrappedKey: String(row.wrapped_key) }
}

function valuesOf({ userId, organizationId, masterKeyId, wrappedKey, createdAt }: StoredPersonKey): string[] {
  return [userId, organizationId, masterKeyId, wrappedKey, createdAt]
}

function keyOf(row: Record<string, unknown>): StoredPersonKey {
  return {
    userId: row.user_id as UserId,
    organizationId: row.organization_id as StoredPersonKey['organizationId'],
    masterKeyId: String(row.master_key_id),
    wrappedKey: String(row.wrapped_key),
    createdAt: String(row.created_at),
  }
}
