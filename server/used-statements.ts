import { createHash, randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import type { UsedStatements } from '../application/index.ts'
import { openPostgresUsedTokens, openSqliteUsedTokens, type UsedTokens } from '../origin/identity-token/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'

/** Between two removals of what counts no more, in milliseconds. */
const expiryPauseMs = 60_000

/**
 * Opens what remembers which statements of authentication proxies came with a call: a table of the database of secrets; where that is
 * SQLite, a file beside it. So every api that has the same secrets has the same statements. Opening does not wait for a database that
 * is away.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export async function openUsedStatements(
  settings: Settings,
  logger: Logger,
): Promise<UsedStatements & { readonly close: () => Promise<void> }> {
  const store = await openStore(settings, logger)
  const onError = (err: unknown) =>
    logger.warn({ err }, 'statements of proxies that count no more could not be forgotten')
  const expiry = setInterval(() => {
    void store.removeExpired(new Date().toISOString()).catch(onError)
  }, expiryPauseMs)
  expiry.unref()
  return {
    async use({ trustedBuildSystemId, nonce, expiresAt }) {
      const named = JSON.stringify(['statement about a build node', trustedBuildSystemId, nonce])
      const id = createHash('sha256').update(named).digest('hex')
      // Each use is for a call of its own: whoever finds another's was not the first.
      const usedFor = randomUUID()
      return (await store.use({ id, usedFor, expiresAt })) === usedFor
    },
    async close() {
      clearInterval(expiry)
      await store.close()
    },
  }
}

async function openStore(settings: Settings, logger: Logger): Promise<UsedTokens> {
  const address = settings.secretStore ?? `sqlite:${dataPath(settings, 'secrets.db')}`
  if (address.startsWith('sqlite:')) {
    const path = join(dirname(address.slice('sqlite:'.length)), 'used-statements.db')
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqliteUsedTokens(path, { survivesPowerLoss: false })
  }
  return openPostgresUsedTokens({
    ...postgresAddress(settings, 'secretStore', address),
    onConnectionLost: (err) => logger.warn({ err }, 'a connection of the store of used statements was lost'),
  })
}
