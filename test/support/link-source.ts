import { openOutgoing } from '../../outgoing/index.ts'
import { createSecrets, openSqliteSecretStore, type Secrets } from '../../secrets/index.ts'
import { newSecretKey } from '../../server/secret-keys.ts'
import { parseSecretStoreKeys } from '../../server/secrets.ts'
import { type LinkLimits, linkSource } from '../../sources/index.ts'

const hour = 3_600_000

/** Secrets in memory, with a key of their own. */
export function testSecrets(now = () => new Date().toISOString()): Secrets {
  return createSecrets({ store: openSqliteSecretStore(':memory:'), keys: parseSecretStoreKeys(newSecretKey()), now })
}

/** Links as the service fetches them, to servers at 127.0.0.1 by HTTP. */
export function testLinkSource(
  options: {
    readonly secrets?: Secrets
    readonly limits?: Partial<LinkLimits>
    readonly now?: () => string
    readonly idleMs?: number
  } = {},
) {
  const { now = () => new Date().toISOString(), idleMs = 10_000 } = options
  const { secrets = testSecrets(now) } = options
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.1/32'], idleMs })
  const limits = { lifetimeMs: hour, wholeMs: hour, redirects: 3, ...options.limits }
  return linkSource({ outgoing, secrets, limits, now })
}
