import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import {
  createSecrets,
  openPostgresSecretStore,
  openSqliteSecretStore,
  type SecretStore,
  type Secrets,
} from '../secrets/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'
import { keepSecretKey, parseSecretKeys, type SecretKey } from './secret-keys.ts'
import { readIfThere } from './whole-file.ts'

/**
 * Opens what keeps secrets beside the log: the database that the settings name, by default SQLite in the data directory,
 * and the key, by default from a file there. A process without a key does everything but what needs secrets. Opening does
 * not wait for a database that is away.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `SECRET_STORE_KEY_MALFORMED`, `TLS_FILE_UNUSABLE`
 */
export async function openSecrets(settings: Settings, logger: Logger): Promise<Secrets> {
  const key = settings.secretStoreKey ?? (await readIfThere(secretStoreKeyPath(settings.data)))
  const keys = key === undefined ? [] : parseSecretStoreKeys(key)
  return createSecrets({ store: await openStore(settings, logger), keys, now: () => new Date().toISOString() })
}

/** For readiness: why secrets cannot be used now. A notice, since everything but links and web hooks goes on. */
export async function noticeOfSecrets(secrets: Pick<Secrets, 'check'>): Promise<string | undefined> {
  try {
    await secrets.check()
    return undefined
  } catch (error) {
    return `Secrets of links and web hooks cannot be used: ${(error as Error).message}`
  }
}

/** The key of a service that runs all by itself in a data directory: made once, readable by its owner only. */
export function keepSecretStoreKey(data: string): Promise<string> {
  return keepSecretKey(secretStoreKeyPath(data))
}

/**
 * Reads keys of secrets: the first seals, all of them open.
 *
 * @throws ConfigurationError `SECRET_STORE_KEY_MALFORMED`
 */
export function parseSecretStoreKeys(text: string): readonly [SecretKey, ...SecretKey[]] {
  return parseSecretKeys(text, 'key of secrets', 'SECRET_STORE_KEY_MALFORMED')
}

function secretStoreKeyPath(data: string): string {
  return join(data, 'secret-store.key')
}

async function openStore(settings: Settings, logger: Logger): Promise<SecretStore> {
  const address = settings.secretStore ?? `sqlite:${dataPath(settings, 'secrets.db')}`
  if (address.startsWith('sqlite:')) {
    const path = address.slice('sqlite:'.length)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqliteSecretStore(path)
  }
  return openPostgresSecretStore({
    ...postgresAddress(settings, 'secretStore', address),
    onConnectionLost: (error) => logger.warn({ err: error }, 'a connection of the store of secrets was lost'),
  })
}
