import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { openPostgresUsedTokens, openSqliteUsedTokens, type UsedTokens } from '../origin/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'

/** Between two removals of tokens that have expired, in milliseconds. */
const expiryPauseMs = 10 * 60_000

/**
 * Opens what remembers which identity tokens were used: a table of the database of secrets; where that is SQLite, a file beside it. So
 * every api and worker that has the same secrets has the same tokens. Opening does not wait for a database that is away.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export async function openUsedTokens(settings: Settings, logger: Logger): Promise<UsedTokens> {
  const store = await openStore(settings, logger)
  const onError = (err: unknown) => logger.warn({ err }, 'identity tokens that have expired could not be forgotten')
  const expiry = setInterval(() => {
    void store.removeExpired(new Date().toISOString()).catch(onError)
  }, expiryPauseMs)
  expiry.unref()
  return {
    use: (token) => store.use(token),
    removeExpired: (now) => store.removeExpired(now),
    async close() {
      clearInterval(expiry)
      await store.close()
    },
  }
}

async function openStore(settings: Settings, logger: Logger): Promise<UsedTokens> {
  const address = settings.secretStore ?? `sqlite:${dataPath(settings, 'secrets.db')}`
  if (address.startsWith('sqlite:')) {
    const path = join(dirname(address.slice('sqlite:'.length)), 'used-tokens.db')
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqliteUsedTokens(path)
  }
  return openPostgresUsedTokens({
    ...postgresAddress(settings, 'secretStore', address),
    onConnectionLost: (err) => logger.warn({ err }, 'a connection of the store of used identity tokens was lost'),
  })
}
