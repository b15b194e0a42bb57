import type { Logger } from 'pino'
import type { UsedTokens } from '../origin/index.ts'
import type { Outgoing } from '../outgoing/index.ts'
import { type Secrets, SecretsError } from '../secrets/index.ts'
import type { Settings } from './configuration.ts'
import { serviceOutgoing } from './outgoing.ts'
import { noticeOfSecrets, openSecrets } from './secrets.ts'
import { openUsedTokens } from './used-tokens.ts'

/** What a process needs to call addresses that users name, with the secrets that they gave for that. */
export type Outside = {
  readonly outgoing: Outgoing
  readonly secrets: Secrets
  /** Which identity tokens of builds were used. */
  readonly usedTokens: UsedTokens
  /** For readiness: why secrets cannot be used now. */
  readonly notice: () => Promise<string | undefined>
  readonly close: () => Promise<void>
}

/**
 * Opens the way outside, for an api or a worker; no other process has it.
 *
 * @throws ConfigurationError as {@link openSecrets} and {@link serviceOutgoing} do
 */
export async function openOutside(settings: Settings, logger: Logger): Promise<Outside> {
  const outgoing = serviceOutgoing(settings)
  const secrets = await openSecrets(settings, logger)
  const usedTokens = await openUsedTokens(settings, logger)
  // What waits under a key that is to be taken away, and what has expired. Before the operator takes that key away they must
  // know that nothing needs it any more. That there is no key at all, readiness says.
  void secrets.reseal().catch((error: unknown) => {
    if (!(error instanceof SecretsError && error.code === 'SECRETS_KEY_MISSING'))
      logger.warn({ err: error }, 'not all secrets could be sealed anew with the first key')
  })
  return {
    outgoing,
    secrets,
    usedTokens,
    notice: () => noticeOfSecrets(secrets),
    async close() {
      await outgoing.close()
      await secrets.close()
      await usedTokens.close()
    },
  }
}
