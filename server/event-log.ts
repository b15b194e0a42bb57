import type { KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ProcessRole } from '../domain/index.ts'
import {
  type AuditableLog,
  createKeyRing,
  type EventLog,
  EventLogError,
  followEnds,
  openEventStoreDb,
  openSqliteEventLog,
  openStreamEnds,
  upcasters,
  withKnownEnds,
  withSignatures,
  withUpcasters,
  withVerification,
} from '../event-log/index.ts'
import { dataPath, environmentVariable, type Role, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { type EventKeySettings, parseEventKey, parseInstallationKeys, readEventKeys } from './event-keys.ts'
import { keepPrivate } from './private-files.ts'
import { tlsOf } from './tls.ts'

/** The event log, as a process of the service works with it. */
export type ServiceLog = {
  /** Signs what it appends; what it reads is believed. */
  readonly log: EventLog
  /** The same log for decisions about keys: reads single streams, and only what processes of the service wrote there. */
  readonly verified: EventLog
}

/**
 * Opens the event log that the settings name, by default SQLite in the data directory, for a process with these roles.
 * A file that is not there is made. A signer keeps in the data directory how far it has seen streams.
 *
 * @throws ConfigurationError `EVENT_KEY_…`, `INSTALLATION_KEY_MALFORMED`, `CONFIGURATION_INVALID` when the process has no
 *   key for what its roles write
 */
export async function openServiceLog(settings: Settings, roles: readonly Role[]): Promise<ServiceLog> {
  const writing = roles.filter((role) => role !== 'projector')
  if (writing.length === 0) {
    const log = withUpcasters(readOnly(await openStoredLog(settings, { create: true, roles })), upcasters)
    return { log, verified: log }
  }
  const keys = await eventKeys(settings, writing)
  const installationKeys = parseInstallationKeys(keys.installationKey)
  const key = parseEventKey(keys.eventKey, installationKeys)
  refuseMissingRoles(key, writing)
  const stored = await openStoredLog(settings, { create: true, roles })
  const signing = withSignatures(stored, key)
  if (!roles.includes('signer'))
    return {
      log: withUpcasters(signing, upcasters),
      verified: withUpcasters(withVerification(signing, createKeyRing(stored, installationKeys)), upcasters),
    }
  const endsPath = dataPath(settings, 'stream-ends.db')
  await mkdir(dirname(endsPath), { recursive: true, mode: 0o700 })
  await keepPrivate(endsPath)
  const ends = openStreamEnds(endsPath)
  const verified = withVerification(signing, createKeyRing(withKnownEnds(stored, ends), installationKeys), ends)
  const stopFollowing = followEnds(stored, verified, ends)
  async function close(): Promise<void> {
    await stopFollowing()
    await signing.close()
    ends.close()
  }
  return {
    log: withUpcasters({ ...signing, close }, upcasters),
    verified: withUpcasters({ ...verified, close }, upcasters),
  }
}

/**
 * Opens the event log for a command that only reads it.
 *
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND` when it is not there
 */
export async function openEventLog(settings: Settings): Promise<EventLog> {
  return withUpcasters(readOnly(await openStoredLog(settings, { create: false, roles: [] })), upcasters)
}

/** Opens the event log for reading, as it was written. @throws ConfigurationError `EVENT_LOG_NOT_FOUND` */
export async function openLogAsStored(settings: Settings): Promise<AuditableLog> {
  return readOnly(await openStoredLog(settings, { create: false, roles: [] }))
}

/**
 * The public keys of the installation.
 *
 * @param file of public keys in PEM; those of the settings or the data directory without it
 * @throws ConfigurationError `INSTALLATION_KEY_MALFORMED`, `CONFIGURATION_INVALID` when it is not known which they are
 */
export async function installationKeysFrom(
  settings: Settings,
  file: string | undefined,
): Promise<readonly KeyObject[]> {
  return parseInstallationKeys(
    file === undefined ? (await eventKeys(settings, [])).installationKey : await readFile(file, 'utf8'),
  )
}

/**
 * What an API keeps in memory of an SQLite log, in KiB. It reads the same streams again and again, one user's and one policy's
 * with each call: by 8 MiB, finding one of 10,000 takes longer than finding one of ten. All other processes follow the log, or
 * read a stream once.
 */
export const apiCacheKibibytes = 32_768

/** @param options.roles of the process; none for a command */
async function openStoredLog(
  settings: Settings,
  { create, roles }: { readonly create: boolean; readonly roles: readonly Role[] },
): Promise<AuditableLog> {
  const address = settings.eventLog ?? `sqlite:${dataPath(settings, 'event-log.db')}`
  if (!address.startsWith('sqlite:')) return openProductionLog(settings, address)
  const path = address.slice('sqlite:'.length)
  if (!create && !existsSync(path))
    throw new ConfigurationError(
      'EVENT_LOG_NOT_FOUND',
      `There is no event log ${path}. Run this where the service runs, or name its data directory by COUNTERSIGN_DATA or its log by COUNTERSIGN_EVENT_LOG.`,
    )
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await keepPrivate(path)
  return openSqliteEventLog({ path, ...(roles.includes('api') && { readerCacheKibibytes: apiCacheKibibytes }) })
}

async function openProductionLog(settings: Settings, connectionString: string): Promise<EventLog> {
  const { eventLogNamespace: namespace, eventLogUser: user, eventLogPassword: password } = settings
  if ((user === undefined) !== (password === undefined))
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `${environmentVariable('eventLogUser')} and ${environmentVariable('eventLogPassword')} (or the same name with _FILE) belong together: name both, or neither.`,
    )
  const tls = tlsOf(settings, 'eventLog') ?? (settings.eventLogTls === false ? 'plain' : undefined)
  const credentials = user === undefined || password === undefined ? undefined : { user, password }
  try {
    return await openEventStoreDb({ connectionString, namespace, credentials, tls })
  } catch (error) {
    if (!(error instanceof EventLogError)) throw error
    throw new ConfigurationError('CONFIGURATION_INVALID', `${environmentVariable('eventLog')}: ${error.message}`, {
      cause: error,
    })
  }
}

/** What is appended without a signature would be taken for forged: a reader has none to give. */
function readOnly<Log extends EventLog>(log: Log): Log {
  return {
    ...log,
    append: async () => {
      throw new EventLogError('EVENT_LOG_ACCESS_DENIED', 'This process reads the event log and has no key to write it.')
    },
  }
}

/** What the settings say of keys, or else the data directory. @param writing the roles that need a key of the process */
async function eventKeys(settings: Settings, writing: readonly ProcessRole[]): Promise<EventKeySettings> {
  const kept = await readEventKeys(settings.data)
  const installationKey = settings.installationKey ?? kept?.installationKey
  const eventKey = settings.eventKey ?? kept?.eventKey
  const missing = installationKey === undefined ? 'installationKey' : 'eventKey'
  if (installationKey === undefined || (eventKey === undefined && writing.length > 0))
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `${writing.length > 0 ? `The role ${writing.join(', ')} needs` : 'This needs'} ${environmentVariable(missing)}_FILE. deploy/make-secrets.sh makes the keys; npm start and countersign init make them in the data directory, and there are none in ${settings.data}.`,
    )
  return { installationKey, eventKey: eventKey ?? '' }
}

function refuseMissingRoles(
  { keyId, roles }: { readonly keyId: string; readonly roles: readonly ProcessRole[] },
  needed: readonly ProcessRole[],
): void {
  const missing = needed.filter((role) => !roles.includes(role))
  if (missing.length > 0)
    throw new ConfigurationError(
      'EVENT_KEY_NOT_CERTIFIED',
      `The event key ${keyId} is certified for ${roles.join(', ')}, and this process is ${missing.join(', ')} too. Give it a key of its own.`,
    )
}
