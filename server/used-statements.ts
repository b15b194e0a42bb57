import { createHash, randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { UsedStatements } from '../application/index.ts'
import type { Settings } from './configuration.ts'
import { openUsedOnce } from './used-once.ts'

/**
 * Opens what remembers which statements of authentication proxies came with a call, for every api that has the same secrets.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export async function openUsedStatements(
  settings: Settings,
  logger: Logger,
): Promise<UsedStatements & { readonly close: () => Promise<void> }> {
  const store = await openUsedOnce(settings, logger, {
    what: 'statements of proxies',
    fileName: 'used-statements.db',
    expiryPauseMs: 60_000,
    survivesPowerLoss: false,
  })
  return {
    async use({ trustedBuildSystemId, nonce, expiresAt }) {
      const named = JSON.stringify(['statement about a build node', trustedBuildSystemId, nonce])
      const id = createHash('sha256').update(named).digest('hex')
      // Each use is for a call of its own: whoever finds another's was not the first.
      const usedFor = randomUUID()
      return (await store.use({ id, usedFor, expiresAt })) === usedFor
    },
    close: () => store.close(),
  }
}
