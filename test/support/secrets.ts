import { join } from 'node:path'
import { createSecrets, openSqliteSecretStore, type Secrets } from '../../secrets/index.ts'
import { newSecretKey } from '../../server/secret-keys.ts'
import { parseSecretStoreKeys } from '../../server/secrets.ts'

/** Secrets in a folder, under a key of their own. Whoever opens them closes them. */
export function secretsIn(folder: string): Secrets {
  return createSecrets({
    store: openSqliteSecretStore(join(folder, 'secrets.db')),
    keys: parseSecretStoreKeys(newSecretKey()),
    now: () => new Date().toISOString(),
  })
}
