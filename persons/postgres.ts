import { failureCodeOf, openPostgresStore, type PostgresConnections } from '../databases/index.ts'
import type { OrganizationId, UserId } from '../domain/index.ts'
import type { PersonKeyStore, StoredAddressKey, StoredPersonKey } from './person-key-store.ts'
import { PersonKeysError } from './person-keys-error.ts'

/** How long connecting, and each statement, may take, in milliseconds: people's names are waited for meanwhile. */
const timeoutMs = 2_000

const createTables = [
  `CREATE TABLE IF NOT EXISTS person_keys (
  user_id text PRIMARY KEY,
  organization_id text NOT NULL,
  master_key_id text NOT NULL,
  wrapped_key text NOT NULL,
  created_at text NOT NULL
)`,
  // Tables that were made before addresses were unique get the column.
  'ALTER TABLE person_keys ADD COLUMN IF NOT EXISTS address_hash text',
  'CREATE UNIQUE INDEX IF NOT EXISTS person_addresses ON person_keys (organization_id, address_hash)',
  'CREATE TABLE IF NOT EXISTS address_key (id integer PRIMARY KEY, master_key_id text NOT NULL, wrapped_key text NOT NULL)',
  'CREATE TABLE IF NOT EXISTS erasures (id integer PRIMARY KEY, position text NOT NULL)',
]

/** Any number that nothing else of the database locks: makers of the table wait for each other. */
const schemaLock = 0x4353504b

type Row = {
  readonly user_id: string
  readonly organization_id: string
  readonly master_key_id: string
  readonly wrapped_key: string
  readonly created_at: string
}

/**
 * Keeps users' keys in a PostgreSQL database of their own. Rows that are deleted stay in the files of the server until it
 * cleans up, so each is cleaned up at once (`VACUUM`); its write-ahead log and its backups follow their own rules.
 */
export function openPostgresPersonKeys(options: PostgresConnections): PersonKeyStore {
  const { query: ask, close } = openPostgresStore(options, {
    connections: 4,
    timeoutMs,
    tables: createTables,
    schemaLock,
    failure: (cause) =>
      new PersonKeysError(
        'PERSON_KEYS_UNAVAILABLE',
        `The database of the keys of the users' names cannot be used: ${failureCodeOf(cause)}.`,
        { cause },
      ),
  })
  const query = (text: string, values: readonly unknown[] = []) => ask<Row>(text, values)

  async function addressKey(): Promise<StoredAddressKey | undefined> {
    const [row] = await query('SELECT * FROM address_key')
    return row && { masterKeyId: row.master_key_id, wrappedKey: row.wrapped_key }
  }

  return {
    async claimAddress({ userId, organizationId, masterKeyId, wrappedKey, createdAt }, addressHash) {
      await query(
        `INSERT INTO person_keys (user_id, organization_id, master_key_id, wrapped_key, created_at, address_hash)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id, address_hash) DO NOTHING`,
        [userId, organizationId, masterKeyId, wrappedKey, createdAt, addressHash],
      )
      const [holder] = await query('SELECT * FROM person_keys WHERE organization_id = $1 AND address_hash = $2', [
        organizationId,
        addressHash,
      ])
      // Erased in between by another process: whoever asks again gets the address.
      if (holder === undefined)
        throw new PersonKeysError('PERSON_KEYS_UNAVAILABLE', 'An address was given up while it was asked for.')
      return keyOf(holder)
    },
    async keepAddressKey({ masterKeyId, wrappedKey }) {
      await query(
        'INSERT INTO address_key (id, master_key_id, wrapped_key) VALUES (1, $1, $2) ON CONFLICT DO NOTHING',
        [masterKeyId, wrappedKey],
      )
      return (await addressKey()) as StoredAddressKey
    },
    addressKey,
    async replaceAddressKey({ masterKeyId, wrappedKey }) {
      await query('UPDATE address_key SET master_key_id = $1, wrapped_key = $2', [masterKeyId, wrappedKey])
    },
    async add({ userId, organizationId, masterKeyId, wrappedKey, createdAt }) {
      const values = [userId, organizationId, masterKeyId, wrappedKey, createdAt]
      await query(
        'INSERT INTO person_keys (user_id, organization_id, master_key_id, wrapped_key, created_at) VALUES ($1, $2, $3, $4, $5)',
        values,
      )
    },
    find: async (userIds) =>
      (await query('SELECT * FROM person_keys WHERE user_id = ANY($1::text[])', [userIds])).map(keyOf),
    async destroy(userId) {
      await query('DELETE FROM person_keys WHERE user_id = $1', [userId])
      // The key is gone for everybody; what is left is only its place in a file.
      await query('VACUUM person_keys').catch(() => undefined)
    },
    wrappedByOthers: async (masterKeyId, limit) =>
      (await query('SELECT * FROM person_keys WHERE master_key_id <> $1 LIMIT $2', [masterKeyId, limit])).map(keyOf),
    async replace({ userId, masterKeyId, wrappedKey }) {
      const values = [userId, masterKeyId, wrappedKey]
      await query('UPDATE person_keys SET master_key_id = $2, wrapped_key = $3 WHERE user_id = $1', values)
    },
    async erasuresDoneTo() {
      const [row] = await query('SELECT position FROM erasures')
      return (row as unknown as { readonly position: string } | undefined)?.position
    },
    async markErasuresDone(position) {
      await query(
        'INSERT INTO erasures (id, position) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET position = excluded.position',
        [position],
      )
    },
    close,
  }
}

function keyOf(row: Row): StoredPersonKey {
  return {
    userId: row.user_id as UserId,
    organizationId: row.organization_id as OrganizationId,
    masterKeyId: row.master_key_id,
    wrappedKey: row.wrapped_key,
    createdAt: row.created_at,
  }
}
