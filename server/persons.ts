import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import {
  createPersons,
  type MasterKey,
  openPostgresPersonKeys,
  openSqlitePersonKeys,
  type PersonKeyStore,
  type Persons,
} from '../persons/index.ts'
import { dataPath, required, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'
import { keepSecretKey, parseSecretKeys } from './secret-keys.ts'
import { readIfThere } from './whole-file.ts'

/**
 * Opens what seals and reads names and addresses: the users' keys in the database that the settings name, by default
 * SQLite in the data directory, and the master key, by default from a file there. Only a process that answers people, or
 * makes users, has it. Opening does not wait for a database that is away.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `PERSON_MASTER_KEY_MALFORMED`, `TLS_FILE_UNUSABLE`
 */
export async function openPersons(settings: Settings, logger: Logger): Promise<Persons> {
  const masters = await readMasterKeys(settings)
  const store = await openStore(settings, logger)
  return createPersons({
    store,
    masters,
    now: () => new Date().toISOString(),
    onFailure: (error) => logger.error({ err: error }, 'names of users cannot be read'),
  })
}

/**
 * The master keys that the settings name, by default those of a file in the data directory.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `PERSON_MASTER_KEY_MALFORMED`
 */
export async function readMasterKeys(settings: Settings): Promise<readonly [MasterKey, ...MasterKey[]]> {
  const kept = settings.personMasterKey ?? (await readIfThere(masterKeyPath(settings.data)))
  return parseMasterKeys(required({ ...settings, personMasterKey: kept }, 'personMasterKey', 'api'))
}

/**
 * For readiness: why names cannot be read now. A notice, and not a part that is down: everything but names and new users
 * goes on.
 */
export async function noticeOfPersons(persons: Pick<Persons, 'check'>): Promise<string | undefined> {
  try {
    await persons.check()
    return undefined
  } catch (error) {
    return `Names of users cannot be read, and none can be added: ${(error as Error).message}`
  }
}

/** The master key of a service that runs all by itself in a data directory: made once, readable by its owner only. */
export function keepMasterKey(data: string): Promise<string> {
  return keepSecretKey(masterKeyPath(data))
}

function masterKeyPath(data: string): string {
  return join(data, 'person-master.key')
}

/**
 * Reads master keys: the first wraps, all of them unwrap.
 *
 * @throws ConfigurationError `PERSON_MASTER_KEY_MALFORMED`
 */
export function parseMasterKeys(text: string): readonly [MasterKey, ...MasterKey[]] {
  return parseSecretKeys(text, 'master key of persons', 'PERSON_MASTER_KEY_MALFORMED')
}

async function openStore(settings: Settings, logger: Logger): Promise<PersonKeyStore> {
  const address = settings.personKeys ?? `sqlite:${dataPath(settings, 'person-keys.db')}`
  if (address.startsWith('sqlite:')) {
    const path = address.slice('sqlite:'.length)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqlitePersonKeys(path)
  }
  return openPostgresPersonKeys({
    ...postgresAddress(settings, 'personKeys', address),
    onConnectionLost: (error) => logger.warn({ err: error }, "a connection of the users' keys was lost"),
  })
}
