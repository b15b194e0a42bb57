import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { openPostgresUsedTokens, openSqliteUsedTokens, type UsedTokens } from '../origin/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'

/** What is remembered as used. */
export type UsedOnce = {
  /** As it stands in the log of a process: `identity tokens`. */
  readonly what: string
  /** Beside a SQLite database of secrets. */
  readonly fileName: string
  /** Between two removals of what has expired, in milliseconds. */
  readonly expiryPauseMs: number
  /** Whether a use must be on the disk when it is answered. */
  readonly survivesPowerLoss: boolean
}

/**
 * Opens what remembers what was used: a table of the database of secrets; where that is SQLite, a file beside it. So every process that
 * has the same secrets has the same uses. Opening does not wait for a database that is away.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export async function openUsedOnce(settings: Settings, logger: Logger, used: UsedOnce): Promise<UsedTokens> {
  const { what, expiryPauseMs } = used
  const store = await openStore(settings, logger, used)
  const onError = (err: unknown) => logger.warn({ err }, `${what} that have expired could not be forgotten`)
  const expiry = setInterval(() => {
    void store.removeExpired(new Date().toISOString()).catch(onError)
  }, expiryPauseMs)
  expiry.unref()
  return {
    use: (one) => store.use(one),
    removeExpired: (now) => store.removeExpired(now),
    async close() {
      clearInterval(expiry)
      await store.close()
    },
  }
}

async function openStore(
  settings: Settings,
  logger: Logger,
  { what, fileName, survivesPowerLoss }: UsedOnce,
): Promise<UsedTokens> {
  const address = settings.secretStore ?? `sqlite:${dataPath(settings, 'secrets.db')}`
  if (address.startsWith('sqlite:')) {
    const path = join(dirname(address.slice('sqlite:'.length)), fileName)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqliteUsedTokens(path, { survivesPowerLoss })
  }
  return openPostgresUsedTokens({
    ...postgresAddress(settings, 'secretStore', address),
    onConnectionLost: (err) => logger.warn({ err }, `a connection of the store of used ${what} was lost`),
  })
}
