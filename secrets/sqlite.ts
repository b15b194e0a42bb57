import { failureCodeOf, openSqliteStore } from '../databases/index.ts'
import type { OrganizationId } from '../domain/index.ts'
import type { SecretStore, StoredSecret } from './secret-store.ts'
import { SecretsError } from './secrets-error.ts'

/** `CSSE`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x43535345

const tables = `
  CREATE TABLE IF NOT EXISTS secrets (
    purpose TEXT NOT NULL,
    id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    expires_at TEXT,
    PRIMARY KEY (purpose, id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS secrets_expiry ON secrets (expires_at) WHERE expires_at IS NOT NULL;
`

/**
 * Keeps secrets in an SQLite file of their own, which several processes of one machine may use. What is removed is
 * overwritten in the file (`secure_delete`).
 *
 * @param path in a folder that exists; the file is made when it does not exist
 */
export function openSqliteSecretStore(path: string): SecretStore {
  const { use, close } = openSqliteStore({
    path,
    applicationId,
    prepare(connection) {
      // A journal that is cut off after each change: no copy of a removed secret stays in a write-ahead log.
      connection.exec('PRAGMA journal_mode = TRUNCATE')
      connection.exec('PRAGMA synchronous = FULL')
      connection.exec('PRAGMA secure_delete = ON')
      connection.exec(tables)
      return connection
    },
    foreign: () =>
      new SecretsError('SECRETS_FOREIGN', `${path} is an SQLite database, but holds no secrets of Countersign.`),
    failure: (cause) =>
      new SecretsError('SECRETS_UNAVAILABLE', `The file of secrets cannot be used: ${failureCodeOf(cause)}.`, {
        cause,
      }),
  })

  return {
    put: ({ purpose, id, organizationId, keyId, sealed, expiresAt }) =>
      use((database) => {
        database
          .prepare(`INSERT INTO secrets (purpose, id, organization_id, key_id, sealed, expires_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (purpose, id) DO UPDATE SET organization_id = excluded.organization_id, key_id = excluded.key_id,
              sealed = excluded.sealed, expires_at = excluded.expires_at`)
          .run(purpose, id, organizationId, keyId, sealed, expiresAt)
      }),
    add: ({ purpose, id, organizationId, keyId, sealed, expiresAt }, now) =>
      use((database) => {
        const { changes } = database
          .prepare(`INSERT INTO secrets (purpose, id, organization_id, key_id, sealed, expires_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (purpose, id) DO UPDATE SET organization_id = excluded.organization_id, key_id = excluded.key_id,
              sealed = excluded.sealed, expires_at = excluded.expires_at WHERE secrets.expires_at <= ?`)
          .run(purpose, id, organizationId, keyId, sealed, expiresAt, now)
        return Number(changes) > 0
      }),
    find: ({ purpose, id }) =>
      use((database) => {
        const row = database.prepare('SELECT * FROM secrets WHERE purpose = ? AND id = ?').get(purpose, id)
        return row && secretOf(row)
      }),
    remove: ({ purpose, id, organizationId }) =>
      use((database) => {
        const statement = 'DELETE FROM secrets WHERE purpose = ? AND id = ? AND organization_id = ?'
        database.prepare(statement).run(purpose, id, organizationId)
      }),
    removeExpired: (now) =>
      use((database) => void database.prepare('DELETE FROM secrets WHERE expires_at < ?').run(now)),
    sealedByOthers: (keyId, limit) =>
      use((database) =>
        database.prepare('SELECT * FROM secrets WHERE key_id <> ? LIMIT ?').all(keyId, limit).map(secretOf),
      ),
    replace: (before, { keyId, sealed }) =>
      use((database) => {
        const statement = 'UPDATE secrets SET key_id = ?, sealed = ? WHERE purpose = ? AND id = ? AND sealed = ?'
        database.prepare(statement).run(keyId, sealed, before.purpose, before.id, before.sealed)
      }),
    close,
  }
}

function secretOf(row: Record<string, unknown>): StoredSecret {
  return {
    purpose: String(row.purpose),
    id: String(row.id),
    organizationId: row.organization_id as OrganizationId,
    keyId: String(row.key_id),
    sealed: String(row.sealed),
    expiresAt: row.expires_at === null ? null : String(row.expires_at),
  }
}
