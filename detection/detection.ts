import {
  type ActivityProfile,
  detect,
  type Instant,
  needsSubmission,
  type Observed,
  type ObservedRequest,
  observe,
  parseStreamName,
  profilesFor,
} from '../domain/index.ts'
import {
  type ConsumerBatch,
  type ConsumerSession,
  type ConsumerStatus,
  type EventLog,
  EventLogError,
  holdsCheckpoint,
  type LogEntry,
  type RecordedEvent,
  type RunningConsumer,
  startConsumer,
  uuidFromText,
} from '../event-log/index.ts'
import type { ActivityStore, StoredFinding } from './activity-store.ts'
import { recordFinding } from './record-finding.ts'

/** What detection needs. */
export type DetectionDependencies = {
  readonly log: EventLog
  readonly store: ActivityStore
  readonly now: () => Instant
  /** What comes before it in this process; by default nothing. */
  readonly after?: (signal: AbortSignal) => Promise<unknown>
  /** Given every change of the status but those of the position. */
  readonly onStatus?: (status: ConsumerStatus) => void
  /** Called with an event that cannot be judged, since it is not of the form that its type has: it is passed over. */
  readonly onPassedOver?: (event: Pick<RecordedEvent, 'streamId' | 'revision'>, error: unknown) => void
}

/** Nobody waits for findings: small batches are judged together, in milliseconds. */
const paceMs = 250
/** So many findings are appended before it is looked for more. */
const findingsAtOnce = 100
/** So many submissions are kept in memory for decisions about them; the others are read in the log. */
const submissionsKept = 5_000

/**
 * Follows the log and looks for unusual activity by the rules of the domain. What it finds is recorded in the log as events.
 * It is beside everything else: nothing waits for it, and what happens while it stands still it judges later.
 *
 * Several processes may do so, with a store for all or one each. Each part of the log is judged once in a store, and a finding
 * is recorded once, whenever a process ends: first it is kept in the transaction of the checkpoint, then it is appended under an
 * id that follows from the log, then it is forgotten.
 */
export function startDetection(dependencies: DetectionDependencies): RunningConsumer {
  const { log, store, now, after: first, onStatus, onPassedOver } = dependencies
  const submissions = new Map<string, ObservedRequest>()

  async function begin(signal: AbortSignal): Promise<ConsumerSession> {
    await first?.(signal)
    const kept = await store.checkpoint()
    if (kept !== undefined && !(await holdsCheckpoint(log, kept))) {
      // Another log, or an older state of it: what is usual is learnt from it anew.
      submissions.clear()
      await store.clear()
      return begin(signal)
    }
    await recordFindings()
    return { after: kept, handle }
  }

  async function handle({ after, entries, checkpoint }: ConsumerBatch): Promise<'handled' | 'moved'> {
    const observed = await observeAll(entries)
    const known = await store.load(observed.flatMap(({ says }) => profilesFor(says)))
    const profiles = new Map(known)
    const changed = new Map<string, ActivityProfile>()
    const findings: StoredFinding[] = []
    for (const { entry, says } of observed) {
      const detected = judged(entry, () => detect(says, profiles))
      if (detected === undefined) continue
      for (const [key, profile] of detected.profiles) {
        profiles.set(key, profile)
        changed.set(key, profile)
      }
      for (const { identity, event, cause } of detected.findings)
        findings.push({ id: uuidFromText(identity), event, cause: causeOf(cause) })
    }
    const outcome = await store.save({ after, checkpoint, profiles: changed, findings })
    if (outcome === 'moved') return 'moved'
    if (findings.length > 0) await recordFindings()
    return 'handled'
  }

  async function observeAll(entries: readonly LogEntry[]) {
    const all: { readonly entry: RecordedEvent; readonly says: Observed }[] = []
    for (const entry of entries) {
      if ('reason' in entry) continue
      const submission = needsSubmission(entry) ? await submissionOf(entry.streamId) : undefined
      const says = judged(entry, () => observe(entry, submission))
      if (says === undefined) continue
      const request = says.observations[0]?.use?.request
      if (entry.type === 'SigningRequestSubmitted' && request !== undefined) keep(entry.streamId, request)
      if (says.observations.length > 0 || says.learned !== null) all.push({ entry, says })
    }
    return all
  }

  /** An event of another form than its type's costs itself alone. */
  function judged<Result>(event: RecordedEvent, judge: () => Result): Result | undefined {
    try {
      return judge()
    } catch (error) {
      onPassedOver?.(event, error)
      return undefined
    }
  }

  function keep(streamId: string, request: ObservedRequest): void {
    submissions.set(streamId, request)
    const [oldest] = submissions.keys()
    if (submissions.size > submissionsKept && oldest !== undefined) submissions.delete(oldest)
  }

  /** `undefined` when the log does not have it. */
  async function submissionOf(streamId: string): Promise<ObservedRequest | undefined> {
    const kept = submissions.get(streamId)
    if (kept !== undefined || parseStreamName(streamId)?.kind !== 'signingRequest') return kept
    try {
      for await (const [submitted] of log.readStream(streamId, { maxCount: 1 })) {
        if (submitted?.type !== 'SigningRequestSubmitted') return undefined
        const { signingRequestId, signingPolicyId, submitter } = submitted.data as unknown as ObservedRequest
        const request = { signingRequestId, signingPolicyId, submitter }
        keep(streamId, request)
        return request
      }
    } catch (error) {
      if (!(error instanceof EventLogError && error.code === 'EVENT_LOG_CORRUPT')) throw error
    }
    return undefined
  }

  async function recordFindings(): Promise<void> {
    for (;;) {
      const findings = await store.unrecorded(findingsAtOnce)
      for (const finding of findings) {
        await recordFinding(log, finding, now())
        await store.recorded(finding.id)
      }
      if (findings.length < findingsAtOnce) return
    }
  }

  return startConsumer(log, {
    begin,
    paceMs,
    ...(onStatus === undefined ? {} : { onStatus }),
    failureOf(error) {
      const { code, message } = error as Error & { readonly code?: string }
      return { code: code ?? 'ACTIVITY_STORE_UNAVAILABLE', message, lasts: false }
    },
  })
}

function causeOf({ organizationId, evidence, correlationId, remoteAddress }: StoredFinding['cause']) {
  return { organizationId, evidence, correlationId, remoteAddress }
}
