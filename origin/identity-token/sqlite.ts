import { failureCodeOf, inTransaction, openSqliteStore } from '../../databases/index.ts'
import { OriginError } from '../origin-error.ts'
import type { UsedTokens } from './used-tokens.ts'

/** `CSUT`, in the file's header, so that a file says what it is (SQLite file format §1.3.15). */
const applicationId = 0x43535554

const tables = `
  CREATE TABLE IF NOT EXISTS used_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    used_for TEXT NOT NULL,
    expires_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS used_tokens_expiry ON used_tokens (expires_at);
`

/**
 * Remembers used tokens in an SQLite file of its own, which several processes of one machine may use. A use is on the disk
 * before it is answered, unless that is not asked for.
 *
 * @param path in a folder that exists; the file is made when it does not exist
 * @param options.survivesPowerLoss `false` for tokens that live no longer than a machine takes to start: nothing waits for the disk
 */
export function openSqliteUsedTokens(path: string, { survivesPowerLoss = true } = {}): UsedTokens {
  const { use, close } = openSqliteStore({
    path,
    applicationId,
    prepare(connection) {
      connection.exec('PRAGMA journal_mode = WAL')
      connection.exec(`PRAGMA synchronous = ${survivesPowerLoss ? 'FULL' : 'NORMAL'}`)
      connection.exec(tables)
      return connection
    },
    foreign: () =>
      new OriginError(
        'IDENTITY_TOKEN_STORE_FOREIGN',
        `${path} is an SQLite database, but remembers no used tokens of Countersign.`,
        { isPassing: true },
      ),
    failure: (cause) =>
      new OriginError(
        'IDENTITY_TOKEN_STORE_UNAVAILABLE',
        `The file of used tokens cannot be used: ${failureCodeOf(cause)}.`,
        { isPassing: true },
      ),
  })

  return {
    use: ({ id, usedFor, expiresAt }) =>
      use((database) =>
        inTransaction(database, () => {
          database
            .prepare('INSERT INTO used_tokens (id, used_for, expires_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING')
            .run(id, usedFor, expiresAt)
          return String(database.prepare('SELECT used_for FROM used_tokens WHERE id = ?').get(id)?.used_for)
        }),
      ),
    removeExpired: (now) =>
      use((database) => void database.prepare('DELETE FROM used_tokens WHERE expires_at < ?').run(now)),
    close,
  }
}
