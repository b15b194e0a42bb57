import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { InvalidApproval } from '../activities/contract.ts'
import {
  type Approval,
  countedApprovals,
  type Initiator,
  isBuildDataDue,
  isFinalStatus,
  nextTry,
  type RecordDelay,
  type SigningRequest,
  type SigningRequestId,
} from '../domain/index.ts'
import { approveByGrants } from './approve-by-grants.ts'
import { overdueWatch } from './cancel-overdue.ts'
import { refreshSignal, type SigningRequestInput } from './contract.ts'
import { ownId } from './own-id.ts'
import { failureStatus, hasSecrets, isOriginDue, isSmall, requestHistory } from './request-history.ts'
import { type StepFailure, stepFailure, unlessCanceled, unlessFinal } from './step-failure.ts'
import {
  addBuildData,
  fetchArtifact,
  finishSource,
  planSigning,
  short,
  shortSteps,
  sign as signByKey,
  verifyOrigin,
} from './steps.ts'
import { acceptUpdates } from './updates.ts'

/** How long a signer may take until its first event, in milliseconds: it plans the artifact first. */
const signerStartLimit = { ms: 60_000, bytesPerMs: 20_000 }
const noSigner = {
  code: 'SIGNER_UNAVAILABLE',
  message: 'No signer has begun to sign it: none runs, or all are busy.',
  path: null,
}

/**
 * How long a workflow waits before it reads its request's stream again, in milliseconds: at first, and at most. An
 * approval is in the log before the workflow knows of it; when everything ends in between, only the log has it.
 */
const rereadPause = { first: 30_000, longest: 86_400_000 }

/**
 * One signing request, from submission to its end. It begins with what has happened already, so a workflow that is
 * started on a request with a history goes on from there. Requests are called off by an update: Temporal's own
 * cancellation, which anybody who reaches Temporal can ask for, is not listened to.
 *
 * @throws ApplicationFailure `ID_MALFORMED` when the workflow's id is none of a signing request
 */
export function signingRequest(input?: SigningRequestInput): Promise<void> {
  return CancellationScope.nonCancellable(() => runToItsEnd(ownId(), input?.isNew === true))
}

async function runToItsEnd(signingRequestId: SigningRequestId, isNew: boolean): Promise<void> {
  const history = requestHistory(signingRequestId, short, { isNew })
  let underWay: CancellationScope | undefined
  /** Whether the stream is to be read again. */
  let isOutdated = false
  /** How often the step that is due has failed for a passing reason. */
  let failures = 0
  /** Whether it waits for people: grants were asked, and did not approve it. */
  let waitsForPeople = false
  const workflow: Initiator = { actor: { kind: 'system', component: 'workflow' }, callId: signingRequestId }

  const overdue = overdueWatch(history, workflow, () => underWay?.cancel())

  acceptUpdates({
    signingRequestId,
    history,
    isNew,
    applied() {
      if (isOver()) underWay?.cancel()
    },
    async followed() {
      await condition(() => isOver() || waitsForPeople || (request()?.waitingFor ?? null) !== null)
      return request() as SigningRequest
    },
  })
  setHandler(refreshSignal, () => {
    isOutdated = true
  })

  if (!isNew) await history.refresh()
  // The submission comes with the start. Or it may have been appended, and its call lost with the server that delivered it.
  await history.settled()
  if (request() === undefined && !(await condition(() => request() !== undefined, '10 seconds')))
    await history.refresh()
  // A submission that arrives while the workflow is about to give up waiting for it is still taken through.
  do {
    for (let open = request(); open !== undefined && !isFinalStatus(open.workflowStatus); open = request()) {
      overdue.begin(open)
      await takeNextStep(open)
    }
    if (!allHandlersFinished()) await condition(allHandlersFinished)
  } while (request() !== undefined && !isOver())
  overdue.end()
  if (hasSecrets(request())) await finishSource(signingRequestId)

  function takeNextStep(open: SigningRequest): Promise<void> {
    const { retrieveAndPlan, retrieveArtifact } = shortSteps(failures)
    if (isBuildDataDue(open)) return step(() => unlessOver(() => history.take(addBuildData)))
    if (open.plan === null && isSmall(open)) return step(() => history.take(retrieveAndPlan))
    if (open.artifact === null && open.source.isAtHand) return step(() => history.take(retrieveArtifact))
    if (open.artifact === null) return step(() => unlessOver(() => history.take(fetchArtifact)))
    if (isOriginDue(open)) return step(() => unlessOver(() => history.take(verifyOrigin)))
    if (open.plan === null) return step(() => unlessOver(() => history.take(planSigning)))
    if (open.workflowStatus === 'WaitingForApproval') return awaitApproval(open)
    return step(() => sign(open))
  }

  async function awaitApproval({ plan }: SigningRequest): Promise<void> {
    const deadline = plan?.approvalDeadline ?? null
    const decided = () => request()?.workflowStatus !== 'WaitingForApproval'
    for (let pause = rereadPause.first; ; pause = Math.min(2 * pause, rereadPause.longest)) {
      const left = deadline === null ? Number.POSITIVE_INFINITY : Date.parse(deadline) - Date.now()
      if (deadline !== null && left <= 0)
        return step(() => history.apply({ type: 'ExpireApproval', deadline }, workflow))
      await approveByGrants(history)
      if (decided()) return
      waitsForPeople = true
      await condition(() => decided() || isOutdated, Math.min(pause, left))
      waitsForPeople = !decided()
      if (decided()) return
      await refresh()
      if (decided()) return
      await continueWithShortHistory()
    }
  }

  async function refresh(): Promise<void> {
    isOutdated = false
    await history.refresh()
  }

  /** Temporal keeps what a run did until its end, and ends runs that did too much. The log knows where to go on. */
  async function continueWithShortHistory(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return
    await condition(allHandlersFinished)
    await continueAsNew<typeof signingRequest>({})
  }

  async function sign(open: SigningRequest): Promise<void> {
    const counted = open.attempts > 0 ? [] : countedApprovals(open)
    const invalid = counted.length === 0 ? undefined : await firstInvalidApproval(counted)
    if (invalid !== undefined) await history.apply({ type: 'InvalidateApproval', ...invalid }, workflow)
    else await signNow(open)
  }

  /** Has a signer sign. When none begins for a while, everybody can see it; the request keeps its place in the queue. */
  async function signNow({ attempts, artifact }: SigningRequest): Promise<void> {
    const limitMs = signerStartLimit.ms + (artifact?.size ?? 0) / signerStartLimit.bytesPerMs
    const watch = new CancellationScope()
    const signing = unlessOver(() => history.take(signByKey)).finally(() => watch.cancel())
    // What is recorded is not canceled: it runs in the scope around the watch.
    const watching = watch.run(() => sleep(limitMs)).then(() => recordMissingSigner(attempts), unlessCanceled)
    await Promise.all([signing, watching])
  }

  async function recordMissingSigner(attempts: number): Promise<void> {
    await history.refresh()
    const open = request()
    if (isOver() || open?.attempts !== attempts || open.waitingFor?.failure.code === noSigner.code) return
    await recordDelay(noSigner, { nextTryAt: null, pauseSeconds: 1 })
  }

  /** One of the approvals that is to be taken back, since its giver may not approve any more. */
  async function firstInvalidApproval(counted: readonly Approval[]): Promise<InvalidApproval | undefined> {
    const approvals = counted.map(({ comment: _, ...approval }) => approval)
    return (await shortSteps(failures).findInvalidApprovals({ approvals }))[0]
  }

  /**
   * Runs a step. One that fails for a passing reason is due again after a while, for as long as people let the request
   * wait; one that fails for good ends it. A request that is over by then stays as it is.
   */
  async function step(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      failures = 0
    } catch (error) {
      const failure = stepFailure(error)
      await refresh()
      if (isOver()) return
      if (failure.lasts) await fail(failure)
      else await postpone(failure)
    }
  }

  async function fail({ code, message, path }: StepFailure): Promise<void> {
    const workflowStatus = failureStatus(request())
    const failure = { code, message, path }
    await history.apply({ type: 'Fail', workflowStatus, failure }, workflow).catch(unlessFinal)
  }

  async function postpone(failure: StepFailure): Promise<void> {
    const { code, retryAfterMs } = failure
    failures += 1
    const delay = request()?.waitingFor ?? null
    const { at, record } = nextTry(delay, { code, failures, retryAfterMs, now: Date.now() })
    if (record !== undefined) await recordDelay(failure, record)
    const isSooner = await condition(() => isOutdated || isOver(), Math.max(1, at - Date.now()))
    if (isSooner && !isOver()) await refresh()
    await continueWithShortHistory()
  }

  /** Says why the request does not go on, for everybody who looks at it. */
  async function recordDelay(
    { code, message, path }: Pick<StepFailure, 'code' | 'message' | 'path'>,
    next: Pick<RecordDelay, 'nextTryAt' | 'pauseSeconds'>,
  ): Promise<void> {
    const at = new Date().toISOString()
    const command = { type: 'RecordDelay', failure: { code, message, path }, at, ...next } as const
    await history.apply(command, workflow).catch(unlessFinal)
  }

  /** Runs an activity, which is cancelled when the request is denied or called off meanwhile. */
  async function unlessOver(activity: () => Promise<void>): Promise<void> {
    underWay = new CancellationScope()
    try {
      await underWay.run(activity)
    } catch (error) {
      if (!(isCancellation(error) && isOver())) throw error
    } finally {
      underWay = undefined
    }
  }

  function request(): SigningRequest | undefined {
    const { state } = history
    return state === undefined || state.workflowStatus === 'none' ? undefined : state
  }

  function isOver(): boolean {
    const open = request()
    return open !== undefined && isFinalStatus(open.workflowStatus)
  }
}
