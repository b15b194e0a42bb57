import {
  findUnfinished,
  proveEmailAddress as proveAddress,
  type Resumed,
  resumeUnfinished,
  revokeProcessKey,
  unknownOrganization,
} from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import { parseId, streams, type UserId } from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import type { Rebuilt } from '../projections/index.ts'
import type { AddedAdministrator } from './add-administrator.ts'
import type {
  inspectArtifact as inspect,
  planArtifact as plan,
  suggestConfiguration as suggest,
  verifyFile as verify,
} from './artifact-tools.ts'
import type { auditReplay as replay } from './audit-replay.ts'
import { dataPath, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { credentialsPath } from './embedded/credentials.ts'
import { payloadKeyPath, readRuntimeFacts } from './embedded/runtime-facts.ts'
import { openEventLog, openServiceLog } from './event-log.ts'
import type { Initialisation } from './initialise.ts'
import { errorLogger, type LocalOptions, settingsOf } from './local-settings.ts'
import { prepareDataDirectory } from './private-files.ts'
import { type RecordedRefusals, type RefusalSelection, recordedRefusals } from './recorded-refusals.ts'
import { unfinishedFile } from './unfinished-file.ts'
import { readIfThere } from './whole-file.ts'

// What one command alone needs is loaded when it runs: of a short command, loading takes most of the time.

export { auditExport } from './log-exports.ts'

/** Audits and folds the log (`countersign audit replay`). @throws what the composition's own throws */
export const auditReplay: typeof replay = async (options, use) =>
  (await import('./audit-replay.ts')).auditReplay(options, use)

/** Says what is in a file (`countersign artifact inspect`). @throws what `artifact-tools.ts` does */
export const inspectArtifact: typeof inspect = async (options) =>
  (await import('./artifact-tools.ts')).inspectArtifact(options)

/** Judges all signatures of a file (`countersign verify`). @throws what `artifact-tools.ts` does */
export const verifyFile: typeof verify = async (options) => (await import('./artifact-tools.ts')).verifyFile(options)

/** Says what a configuration would sign (`countersign artifact plan`). @throws what `artifact-tools.ts` does */
export const planArtifact: typeof plan = async (options) => (await import('./artifact-tools.ts')).planArtifact(options)

/** Suggests a configuration (`countersign artifact suggest`). @throws what `artifact-tools.ts` does */
export const suggestConfiguration: typeof suggest = async (options) =>
  (await import('./artifact-tools.ts')).suggestConfiguration(options)

/**
 * Gives every unfinished request without a running workflow a new one (`countersign request resume`). Where a worker keeps an
 * index in the data directory, the log is read from where that ends; elsewhere, from its beginning.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID` when it is not known where Temporal is
 * @throws WorkflowsUnavailable when Temporal does not answer
 */
export async function resume(options: LocalOptions): Promise<Resumed> {
  const [{ connectClient, temporalTarget }, { temporalWorkflows }] = await Promise.all([
    import('./temporal.ts'),
    import('../workflows/client.ts'),
  ])
  const settings = await withRuntimeFacts(settingsOf(options))
  const { client, close } = connectClient(temporalTarget(settings, 'worker'))
  try {
    const store = unfinishedFile(dataPath(settings, 'unfinished.json'))
    const unfinished = await withLog(settings, (log) => findUnfinished(log, store))
    return await resumeUnfinished(temporalWorkflows(client), unfinished)
  } finally {
    await close()
  }
}

/**
 * Sets up an empty installation (`countersign init`).
 *
 * @returns the file with the tokens
 * @throws ConfigurationError `DATA_DIRECTORY_UNUSABLE`, `DATA_DIRECTORY_OPEN`; what `initialise` throws
 */
export async function init(
  options: LocalOptions & Omit<Initialisation, 'credentialsFile'> & { readonly out?: string | undefined },
): Promise<{ readonly organizationId: string; readonly credentialsFile: string }> {
  // The demo has keys, so it needs to know where Temporal is.
  const settings = options.demo ? await withRuntimeFacts(settingsOf(options)) : settingsOf(options)
  // On a machine where nothing ran yet there is no data directory; what --out names is for the caller to make.
  if (options.out === undefined) await prepareDataDirectory(settings.data)
  const credentialsFile = options.out ?? credentialsPath(settings.data)
  const { initialise } = await import('./initialise.ts')
  const { organizationId } = await initialise(settings, { ...options, credentialsFile })
  return { organizationId, credentialsFile }
}

/**
 * Adds an organization to an installation (`countersign organization create`), also while its service runs.
 *
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND`; what `initialise` throws
 */
export async function createOrganization(
  options: LocalOptions & Pick<Initialisation, 'organization' | 'administrator'> & { readonly out: string },
): Promise<{ readonly organizationId: string; readonly credentialsFile: string }> {
  const settings = settingsOf(options)
  // An installation that is not there is not made.
  await (await openEventLog(settings)).close()
  const { organization, administrator, out: credentialsFile } = options
  const wanted = { organization, administrator, demo: false, further: true, credentialsFile }
  const { initialise } = await import('./initialise.ts')
  const { organizationId } = await initialise(settings, wanted)
  return { organizationId, credentialsFile }
}

/**
 * Makes somebody Global Administrator (`countersign organization add-administrator`).
 *
 * @throws what `addAdministrator` of the composition throws
 */
export async function addAdministrator(
  options: LocalOptions & AddedAdministrator,
): Promise<{ readonly userId: string; readonly credentialsFile: string | null }> {
  return (await import('./add-administrator.ts')).addAdministrator(settingsOf(options), options)
}

/**
 * Reads refusals in the event log (`countersign audit refusals`): of an organization, or what belongs to none.
 *
 * @throws Refusal, EventLogError as `recordedRefusals` does
 */
export async function auditRefusals(options: LocalOptions & RefusalSelection): Promise<RecordedRefusals> {
  return withLog(settingsOf(options), (log) => recordedRefusals(log, options))
}

/**
 * Revokes the event key of a process (`countersign event-key revoke`). What it records is signed as an API process does,
 * by another key when that of the API itself is to be revoked.
 *
 * @throws Refusal `EVENT_KEY_NOT_FOUND`, `EVENT_KEY_REVOKED`, `EVENT_KEY_REVOCATION_AHEAD`, `TEXT_…`
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND`, `EVENT_KEY_…`, `CONFIGURATION_INVALID`; EventLogError
 */
export async function revokeEventKey(
  options: LocalOptions & {
    readonly keyId: string
    /** By default from the present on. */
    readonly since?: string | undefined
    readonly reason?: string | undefined
  },
): Promise<{ readonly keyId: string; readonly since: string }> {
  const settings = settingsOf(options)
  // One that is not there is not made.
  await (await openEventLog(settings)).close()
  const { log } = await openServiceLog(settings, ['api'])
  try {
    const { keyId, since = null, reason = null } = options
    const operator = new Setup(unknownOrganization, { component: 'operator' })
    return await revokeProcessKey({ log, now: () => new Date().toISOString() }, operator, { keyId, since, reason })
  } finally {
    await log.close()
  }
}

/**
 * Says that an account is used by the person whom its address belongs to (`countersign user prove-address`).
 *
 * @throws Refusal `ID_MALFORMED`, `USER_NOT_FOUND`, `USER_INVITED`, `USER_DEACTIVATED`, `EMAIL_ADDRESS_PROVED`
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND`, `EVENT_KEY_…`, `CONFIGURATION_INVALID`; EventLogError
 */
export async function proveEmailAddress(
  options: LocalOptions & { readonly userId: string },
): Promise<{ readonly userId: string; readonly position: string }> {
  const settings = settingsOf(options)
  // One that is not there is not made.
  await (await openEventLog(settings)).close()
  const { log } = await openServiceLog(settings, ['api'])
  try {
    const userId = parseId<UserId>(options.userId, 'The user id')
    const [created] = (await readWholeStream(log, streams.user(userId))).events
    const organizationId = created?.metadata.organizationId ?? unknownOrganization
    const operator = new Setup(organizationId, { component: 'operator' })
    const { position } = await proveAddress({ log, now: () => new Date().toISOString() }, operator, userId)
    return { userId, position: String(position) }
  } finally {
    await log.close()
  }
}

/** Drops the read model and makes it anew (`countersign projections rebuild`); readers see the old one until then. */
export async function rebuildProjections(options: LocalOptions): Promise<Rebuilt> {
  const [{ openReadModel, rebuildReadModel }, { openReadModelDatabase }] = await Promise.all([
    import('../projections/index.ts'),
    import('./read-models.ts'),
  ])
  const settings = settingsOf(options)
  return withLog(settings, async (log) => {
    const database = await openReadModelDatabase(settings, errorLogger(settings))
    const { readModel } = openReadModel(database)
    try {
      return await rebuildReadModel({ log, database })
    } finally {
      await readModel.close()
    }
  })
}

async function withLog<Result>(settings: Settings, use: (log: EventLog) => Promise<Result>): Promise<Result> {
  const log = await openEventLog(settings)
  try {
    return await use(log)
  } finally {
    await log.close()
  }
}

/** What the settings leave open and the embedded service of the same data directory knows. */
async function withRuntimeFacts(settings: Settings): Promise<Settings> {
  if (settings.temporalAddress !== undefined) return settings
  const facts = await readRuntimeFacts(settings.data)
  if (facts === undefined)
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `No service runs on ${settings.data}, so it is not known where Temporal is. Start it, which resumes by itself; or set COUNTERSIGN_TEMPORAL_ADDRESS.`,
    )
  const payloadKey = settings.payloadKey ?? (await readIfThere(payloadKeyPath(settings.data)))
  return { ...settings, temporalAddress: facts.temporalAddress, payloadKey }
}
