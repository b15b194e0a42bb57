import { isSealedText } from '../domain/index.ts'
import { type AppendAudit, type EventLog, type ImportedExport, upcasters, upcastingReads } from '../event-log/index.ts'
import {
  type BrokenStream,
  type Differences,
  openReadModel,
  ReadModelError,
  type Replay,
  type ReplayedState,
  type RunningComparison,
  replayLog,
  startComparison,
} from '../projections/index.ts'
import type { Settings } from './configuration.ts'
import { installationKeysFrom, openEventLog } from './event-log.ts'
import { errorLogger, type LocalOptions, settingsOf } from './local-settings.ts'
import { openReadModelDatabase } from './read-models.ts'
import { startThreadedAudit } from './threaded-audit.ts'

/** How long a comparison waits for the read model to reach the end of the log, in milliseconds. */
const catchUpTimeoutMs = 10_000

/** Which part of the history to replay, and whether to hold the read model against it. */
type AuditReplayOptions = LocalOptions & {
  /** Only what happened at this moment or before; not together with `compare`, for the read model knows the present only. */
  readonly until?: string | undefined
  readonly stream?: string | undefined
  readonly compare: boolean
  /** An export to replay in the place of the log; not together with `compare`. */
  readonly fromExport?: string | undefined
  /** The installation's public keys in PEM, for an export; those of the settings without it. */
  readonly installationKeyFile?: string | undefined
}

/** What a replay came to. Names and addresses are not in the states: they say only whose they are. */
type AuditReplayed = Pick<Replay, 'events' | 'streams' | 'states'> & {
  /** What became of the file, where an export was replayed. */
  readonly file: ImportedExport | null
  /** What the signatures of the events say. */
  readonly signatures: AppendAudit
  /** Why the log could not be folded to its end; only where there are faults of signatures, too. */
  readonly broken: { readonly code: string; readonly message: string } | null
} & NullableDifferences

/** What the comparison found; `null` when not asked for, or when the log is broken. */
type NullableDifferences = Differences | { readonly differenceCount: null; readonly differences: null }

const notCompared = { differenceCount: null, differences: null }

/** What a replay and its parts work with, until all is closed. */
type Opened = AsyncDisposableStack

/**
 * Checks every signature of the log, folds it into states (`countersign audit replay`), and compares them with the read
 * model when asked: the log is read once for all of it. With a stream only that one is replayed; that its end was removed shows
 * in the whole log only.
 *
 * @param use is given what it came to; the states can be read until it ends
 * @throws EventLogError, ReadModelError: `READ_MODEL_BEHIND` when the read model does not reach the log's end in time;
 *   ExportError for a file that is no export
 */
export async function auditReplay<Result>(
  options: AuditReplayOptions,
  use: (replayed: AuditReplayed) => Result | Promise<Result>,
): Promise<Result> {
  const settings = settingsOf(options)
  const { until, stream: streamId, compare, fromExport: exportPath, installationKeyFile } = options
  await using opened = new AsyncDisposableStack()
  // The thread opens the log anew. What is missing is missed here, and a comparison reads single streams of it.
  const stored = exportPath === undefined ? await openEventLog(settings) : undefined
  if (stored !== undefined) opened.defer(stored.close)
  const installationKeys = await installationKeysFrom(settings, installationKeyFile)
  const comparison = compare && stored ? await startComparing(opened, settings, stored, streamId) : undefined
  const audit = await startThreadedAudit({ settings, installationKeys, exportPath, only: streamId })
  opened.defer(audit.close)
  const { file } = audit
  const log = upcastingReads(audit.log, upcasters)
  const upTo = comparison?.position
  const replay = await replayLog(log, { until, streamId, upTo, also: comparison?.take }).catch(asBroken)
  const signatures = await audit.result()
  if ('broken' in replay) {
    // What cannot be folded although every signature is right is another release's, or a fault of ours.
    if (signatures.faultCount === 0 && !file?.faultCount) throw replay.broken
    const { code, message } = replay.broken
    return await use({
      file,
      events: 0,
      streams: 0,
      states: [],
      signatures,
      broken: { code, message },
      ...notCompared,
    })
  }
  opened.defer(replay.close)
  const { events, streams, brokenStreams, entities } = replay
  return await use({
    file,
    events,
    streams,
    states: { [Symbol.iterator]: () => readableStates(replay.states) },
    signatures: withBroken(signatures, brokenStreams),
    broken: null,
    ...(comparison === undefined ? notCompared : await comparison.finish(entities)),
  })
}

/** Nothing is sealed in a state whose JSON does not have this. */
const sealedMember = '"ciphertext":'

function* readableStates(states: Iterable<ReplayedState>): Generator<ReplayedState> {
  for (const each of states)
    yield each.stateJson.includes(sealedMember)
      ? { ...each, stateJson: JSON.stringify(readableState(JSON.parse(each.stateJson))) }
      : each
}

function asBroken(error: unknown): { readonly broken: ReadModelError } {
  if (error instanceof ReadModelError) return { broken: error }
  throw error
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

async function startComparing(
  opened: Opened,
  settings: Settings,
  log: EventLog,
  streamId: string | undefined,
): Promise<RunningComparison> {
  const database = await openReadModelDatabase(settings, errorLogger(settings))
  const { readModel } = openReadModel(database)
  opened.defer(() => readModel.close())
  const head = await log.head()
  if (head !== undefined) await readModel.waitFor(head, { timeoutMs: catchUpTimeoutMs })
  return startComparison(log, database, streamId)
}

/**
 * A replayed state for people to read. A replay has no keys to open what is sealed in it, so in place of the ciphertext
 * stands whose it is, and whether the key was to be destroyed.
 */
function readableState(state: unknown): unknown {
  if (typeof state !== 'object' || state === null) return state
  const { userId, erased } = state as { readonly userId?: unknown; readonly erased?: unknown }
  const owner = erased === true ? `erased user ${userId}` : `sealed, of user ${userId}`
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, isSealedText(value) ? owner : value]))
}
