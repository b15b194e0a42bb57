import { failureCodeOf, openPostgresStore, type PostgresConnections } from '../../databases/index.ts'
import { OriginError } from '../origin-error.ts'
import type { UsedTokens } from './used-tokens.ts'

/** How long connecting, and each statement, may take, in milliseconds: submissions wait meanwhile. */
const timeoutMs = 2_000

const createTables = [
  `CREATE TABLE IF NOT EXISTS used_tokens (
  id text PRIMARY KEY,
  used_for text NOT NULL,
  expires_at text NOT NULL
)`,
  'CREATE INDEX IF NOT EXISTS used_tokens_expiry ON used_tokens (expires_at)',
]

/** Any number that nothing else of the database locks: makers of the table wait for each other. */
const schemaLock = 0x43535554

/** Remembers used tokens in a PostgreSQL database, which several processes may use. */
export function openPostgresUsedTokens(options: PostgresConnections): UsedTokens {
  const { query, close } = openPostgresStore(options, {
    connections: 4,
    timeoutMs,
    tables: createTables,
    schemaLock,
    failure: (cause) =>
      new OriginError(
        'IDENTITY_TOKEN_STORE_UNAVAILABLE',
        `The database of used tokens cannot be used: ${failureCodeOf(cause)}.`,
        { isPassing: true },
      ),
  })

  return {
    async use({ id, usedFor, expiresAt }) {
      // The row of whoever came first is locked until it is there, so that the answer is always a row's.
      const [row] = await query<{ used_for: string }>(
        `INSERT INTO used_tokens (id, used_for, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET used_for = used_tokens.used_for RETURNING used_for`,
        [id, usedFor, expiresAt],
      )
      return String(row?.used_for)
    },
    async removeExpired(now) {
      await query('DELETE FROM used_tokens WHERE expires_at < $1', [now])
    },
    close,
  }
}
