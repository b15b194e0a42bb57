import type { Logger } from 'pino'
import type { UsedTokens } from '../origin/index.ts'
import type { Settings } from './configuration.ts'
import { openUsedOnce } from './used-once.ts'

/**
 * Opens what remembers which identity tokens were used, for every api and worker that has the same secrets.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export function openUsedTokens(settings: Settings, logger: Logger): Promise<UsedTokens> {
  return openUsedOnce(settings, logger, {
    what: 'identity tokens',
    fileName: 'used-tokens.db',
    expiryPauseMs: 10 * 60_000,
    survivesPowerLoss: true,
  })
}
