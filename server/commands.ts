import { readFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import {
  findUnfinished,
  type Resumed,
  resumeUnfinished,
  revokeProcessKey,
  unknownOrganization,
} from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import type { AppendAudit, EventLog } from '../event-log/index.ts'
import {
  type BrokenStream,
  compareReadModel,
  type Difference,
  openReadModel,
  ReadModelError,
  type Rebuilt,
  type Replay,
  rebuildReadModel,
  replayLog,
} from '../projections/index.ts'
import { temporalWorkflows } from '../workflows/client.ts'
import { dataPath, readSettings, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { credentialsPath } from './embedded/credentials.ts'
import { payloadKeyPath } from './embedded/index.ts'
import { readRuntimeFacts } from './embedded/runtime-facts.ts'
import { type AuditableLog, openAuditableLog, openEventLog, openServiceLog } from './event-log.ts'
import { type Initialisation, initialise } from './initialise.ts'
import { openLogger } from './logging.ts'
import { prepareDataDirectory } from './private-files.ts'
import { openReadModelDatabase } from './read-models.ts'
import { readableState } from './readable-state.ts'
import { type RecordedRefusals, type RefusalSelection, recordedRefusals } from './recorded-refusals.ts'
import { connectClient, temporalTarget } from './temporal.ts'
import { unfinishedFile } from './unfinished-file.ts'

/** How long a comparison waits for the read model to reach the end of the log, in milliseconds. */
const catchUpTimeoutMs = 10_000

/** Where the settings of a command on this machine are. */
export type LocalOptions = { readonly configFile?: string | undefined }

/**
 * Gives every unfinished request without a running workflow a new one (`countersign request resume`). Where a worker keeps an
 * index in the data directory, the log is read from where that ends; elsewhere, from its beginning.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID` when it is not known where Temporal is
 * @throws WorkflowsUnavailable when Temporal does not answer
 */
export async function resume(options: LocalOptions): Promise<Resumed> {
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
  const { organizationId } = await initialise(settings, { ...options, credentialsFile })
  return { organizationId, credentialsFile }
}

/** Which part of the history to replay, and whether to hold the read model against it. */
export type AuditReplayOptions = LocalOptions & {
  /** Only what happened at this moment or before; not together with `compare`, for the read model knows the present only. */
  readonly until?: string | undefined
  readonly stream?: string | undefined
  readonly compare: boolean
}

/** What a replay came to. Names and addresses are not in the states: they say only whose they are. */
export type AuditReplayed = Omit<Replay, 'brokenStreams'> & {
  /** What the signatures of the events say. */
  readonly signatures: AppendAudit
  /** Why the log could not be folded to its end; only where there are faults of signatures, too. */
  readonly broken: { readonly code: string; readonly message: string } | null
  /** `null` when not asked for, or when the log is broken. */
  readonly differences: readonly Difference[] | null
}

/**
 * Checks every signature of the log, folds it into states (`countersign audit replay`), and compares them with the read
 * model when asked. With a stream only that one is read; that its end was removed shows in the whole log only.
 *
 * @throws EventLogError, ReadModelError: `READ_MODEL_BEHIND` when the read model does not reach the log's end in time
 */
export async function auditReplay(options: AuditReplayOptions): Promise<AuditReplayed> {
  const settings = settingsOf(options)
  const { until, stream: streamId, compare } = options
  const { log, audit } = await openAuditableLog(settings)
  try {
    const audited = audit(streamId)
    const replay = await replayLog(audited.log, { until, streamId }).catch(asBroken)
    if ('broken' in replay) {
      const signatures = await auditOnly(audit(streamId))
      // What cannot be folded although every signature is right is another release's, or a fault of ours.
      if (signatures.faultCount === 0) throw replay.broken
      const { code, message } = replay.broken
      return { events: 0, states: [], signatures, broken: { code, message }, differences: null }
    }
    const { events, brokenStreams } = replay
    const states = replay.states.map((each) => ({ ...each, state: readableState(each.state) }))
    const signatures = withBroken(await audited.result(), brokenStreams)
    const differences = compare ? await compareNow(settings, log, streamId) : null
    return { events, states, signatures, broken: null, differences }
  } finally {
    await log.close()
  }
}

function asBroken(error: unknown): { readonly broken: ReadModelError } {
  if (error instanceof ReadModelError) return { broken: error }
  throw error
}

async function auditOnly({ log, result }: ReturnType<AuditableLog['audit']>): Promise<AppendAudit> {
  for await (const _ of log.readAll({ onUnreadable: () => undefined }));
  return result()
}

/** Names the streams that cannot be folded although every event of theirs is what was written. */
function withBroken(audit: AppendAudit, broken: readonly BrokenStream[]): AppendAudit {
  const named = new Set(audit.faults.map(({ streamId }) => streamId))
  const unnamed = broken
    .filter(({ streamId }) => !named.has(streamId))
    .map(({ streamId, revision, reason }) => ({
      kind: 'unreadable' as const,
      streamId,
      revision,
      eventId: null,
      reason,
    }))
  return { ...audit, faultCount: audit.faultCount + unnamed.length, faults: [...audit.faults, ...unnamed] }
}

async function compareNow(
  settings: Settings,
  log: EventLog,
  streamId: string | undefined,
): Promise<readonly Difference[]> {
  const database = await openReadModelDatabase(settings, errorLogger(settings))
  const { readModel } = openReadModel(database)
  try {
    const head = await log.head()
    if (head !== undefined) await readModel.waitFor(head, { timeoutMs: catchUpTimeoutMs })
    return (await compareReadModel(log, database, streamId)).differences
  } finally {
    await readModel.close()
  }
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

/** Drops the read model and makes it anew (`countersign projections rebuild`); readers see the old one until then. */
export async function rebuildProjections(options: LocalOptions): Promise<Rebuilt> {
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

function settingsOf({ configFile }: LocalOptions): Settings {
  return readSettings({ environment: process.env, configFile })
}

/** Commands print their own results, so only errors in the background are logged. */
function errorLogger(settings: Settings): Logger {
  return openLogger({ ...settings, logLevel: 'error' }).logger
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
  const payloadKey = settings.payloadKey ?? (await readFile(payloadKeyPath(settings.data), 'utf8'))
  return { ...settings, temporalAddress: facts.temporalAddress, payloadKey }
}
