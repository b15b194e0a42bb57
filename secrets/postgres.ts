import { failureCodeOf, openPostgresStore, type PostgresConnections } from '../databases/index.ts'
import type { OrganizationId } from '../domain/index.ts'
import type { SecretStore, StoredSecret } from './secret-store.ts'
import { SecretsError } from './secrets-error.ts'

/** How long connecting, and each statement, may take, in milliseconds: submissions wait meanwhile. */
const timeoutMs = 2_000

const createTables = [
  `CREATE TABLE IF NOT EXISTS secrets (
  purpose text NOT NULL,
  id text NOT NULL,
  organization_id text NOT NULL,
  key_id text NOT NULL,
  sealed text NOT NULL,
  expires_at text,
  PRIMARY KEY (purpose, id)
)`,
  'CREATE INDEX IF NOT EXISTS secrets_expiry ON secrets (expires_at) WHERE expires_at IS NOT NULL',
]

/** Any number that nothing else of the database locks: makers of the table wait for each other. */
const schemaLock = 0x43535345

type Row = {
  readonly purpose: string
  readonly id: string
  readonly organization_id: string
  readonly key_id: string
  readonly sealed: string
  readonly expires_at: string | null
}

/**
 * Keeps secrets in a PostgreSQL database of their own. Rows that are removed stay in the files of the server until it
 * cleans up; its write-ahead log and its backups follow their own rules.
 */
export function openPostgresSecretStore(options: PostgresConnections): SecretStore {
  const { query: ask, close } = openPostgresStore(options, {
    connections: 4,
    timeoutMs,
    tables: createTables,
    schemaLock,
    failure: (cause) =>
      new SecretsError('SECRETS_UNAVAILABLE', `The database of secrets cannot be used: ${failureCodeOf(cause)}.`, {
        cause,
      }),
  })
  const query = (text: string, values: readonly unknown[] = []) => ask<Row>(text, values)

  return {
    async put({ purpose, id, organizationId, keyId, sealed, expiresAt }) {
      await query(
        `INSERT INTO secrets (purpose, id, organization_id, key_id, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (purpose, id) DO UPDATE SET organization_id = excluded.organization_id, key_id = excluded.key_id,
           sealed = excluded.sealed, expires_at = excluded.expires_at`,
        [purpose, id, organizationId, keyId, sealed, expiresAt],
      )
    },
    async add({ purpose, id, organizationId, keyId, sealed, expiresAt }, now) {
      const rows = await query(
        `INSERT INTO secrets (purpose, id, organization_id, key_id, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (purpose, id) DO UPDATE SET organization_id = excluded.organization_id, key_id = excluded.key_id,
           sealed = excluded.sealed, expires_at = excluded.expires_at WHERE secrets.expires_at <= $7
         RETURNING *`,
        [purpose, id, organizationId, keyId, sealed, expiresAt, now],
      )
      return rows.length > 0
    },
    async find({ purpose, id }) {
      const [row] = await query('SELECT * FROM secrets WHERE purpose = $1 AND id = $2', [purpose, id])
      return row && secretOf(row)
    },
    async remove({ purpose, id, organizationId }) {
      const values = [purpose, id, organizationId]
      await query('DELETE FROM secrets WHERE purpose = $1 AND id = $2 AND organization_id = $3', values)
    },
    async removeExpired(now) {
      await query('DELETE FROM secrets WHERE expires_at < $1', [now])
    },
    sealedByOthers: async (keyId, limit) =>
      (await query('SELECT * FROM secrets WHERE key_id <> $1 LIMIT $2', [keyId, limit])).map(secretOf),
    async replace(before, { keyId, sealed }) {
      await query('UPDATE secrets SET key_id = $1, sealed = $2 WHERE purpose = $3 AND id = $4 AND sealed = $5', [
        ...[keyId, sealed],
        ...[before.purpose, before.id, before.sealed],
      ])
    },
    close,
  }
}

function secretOf(row: Row): StoredSecret {
  return {
    purpose: row.purpose,
    id: row.id,
    organizationId: row.organization_id as OrganizationId,
    keyId: row.key_id,
    sealed: row.sealed,
    expiresAt: row.expires_at,
  }
}
