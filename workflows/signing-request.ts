import type { UpdateDefinition } from '@temporalio/common'
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { ShortActivities, SignerActivities, StepActivities } from '../activities/contract.ts'
import {
  countedApprovers,
  isFinalStatus,
  Refusal,
  type SigningRequest,
  type SigningRequestCommand,
  signingRequestDecider,
  type UserId,
} from '../domain/index.ts'
import {
  type AddressedChange,
  approveUpdate,
  type Changed,
  cancelUpdate,
  denyUpdate,
  type Initiator,
  refreshSignal,
  type SigningRequestInput,
  signerTaskQueue,
  submitUpdate,
} from './contract.ts'
import { failureFromRefusal } from './refusals.ts'
import { isSmall, requestHistory } from './request-history.ts'

const briefly = {
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '50 milliseconds', maximumInterval: '10 seconds' },
} as const
// Passing failures (storage, time-stamp authority, HSM) are retried for a day; lasting ones are not retryable at all.
const patiently = {
  scheduleToCloseTimeout: '24 hours',
  startToCloseTimeout: '4 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
} as const
const short = proxyLocalActivities<ShortActivities & StepActivities>(briefly)
const long = proxyActivities<StepActivities>(patiently)
const signer = proxyActivities<SignerActivities>({ ...patiently, taskQueue: signerTaskQueue })

/**
 * How long a workflow waits before it reads its request's stream again, in milliseconds: at first, and at most. An
 * approval is in the log before the workflow knows of it; when everything ends in between, only the log has it.
 */
const rereadPause = { first: 30_000, longest: 86_400_000 }

/**
 * One signing request, from submission to its end. It begins with what has happened already, so a workflow that is
 * started on a request with a history goes on from there.
 */
export async function signingRequest({ signingRequestId, isNew = false }: SigningRequestInput): Promise<void> {
  const history = requestHistory(signingRequestId, short, { isNew })
  let underWay: CancellationScope | undefined
  /** Whether the stream is to be read again. */
  let isOutdated = false
  const workflow: Initiator = { actor: { kind: 'system', component: 'workflow' }, callId: signingRequestId }

  accept(submitUpdate)
  accept(approveUpdate)
  accept(denyUpdate)
  accept(cancelUpdate)
  setHandler(refreshSignal, () => {
    isOutdated = true
  })

  if (!isNew) await history.refresh()
  // The submission may have been appended, and its call lost with the server that delivered it.
  if (!(await condition(() => request() !== undefined, '10 seconds'))) await history.refresh()
  // A submission that arrives while the workflow is about to give up waiting for it is still taken through.
  do {
    for (let open = request(); open !== undefined && !isFinalStatus(open.workflowStatus); open = request())
      await takeNextStep(open)
    await condition(allHandlersFinished)
  } while (request() !== undefined && !isOver())

  async function takeNextStep(open: SigningRequest): Promise<void> {
    if (open.plan === null && isSmall(open.artifact)) return step(() => history.take(short.retrieveAndPlan))
    if (!open.retrieved) return step(() => history.take(short.retrieveArtifact))
    if (open.plan === null) return step(() => unlessOver(() => history.take(long.planSigning)))
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
      await condition(() => decided() || isOutdated, Math.min(pause, left))
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
    await continueAsNew<typeof signingRequest>({ signingRequestId })
  }

  async function sign(open: SigningRequest): Promise<void> {
    const approver = await firstDeactivated(open)
    if (approver !== undefined) await history.apply({ type: 'InvalidateApproval', approver }, workflow)
    else await unlessOver(() => history.take(signer.sign))
  }

  /** An approver who may not act any more and whose approval is to be taken back. */
  async function firstDeactivated(open: SigningRequest): Promise<UserId | undefined> {
    const userIds = open.attempts > 0 ? [] : countedApprovers(open)
    return userIds.length === 0 ? undefined : (await short.findDeactivatedUsers({ userIds }))[0]
  }

  /** Runs a step, and records when it failed for good. A request that is over by then stays as it is. */
  async function step(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const failure = lastingFailure(error)
      await history.refresh()
      if (isOver()) return
      const workflowStatus = request()?.retrieved === false ? 'ArtifactRetrievalFailed' : 'ProcessingFailed'
      await history.apply({ type: 'Fail', workflowStatus, failure }, workflow).catch(unlessFinal)
    }
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

  function accept<Command extends SigningRequestCommand>(
    update: UpdateDefinition<Changed, [AddressedChange<Command>]>,
  ): void {
    setHandler(
      update,
      async ({ command, initiator, signingRequestId: addressee }) => {
        refuseUnlessFor(addressee)
        // Only a submission knows what a stream that was not read holds: nothing.
        if (!(isNew && command.type === 'SubmitSigningRequest')) await condition(() => history.state !== undefined)
        try {
          const changed = await history.apply(command, initiator)
          if (isOver()) underWay?.cancel()
          return changed
        } catch (error) {
          throw error instanceof Refusal ? failureFromRefusal(error) : error
        }
      },
      {
        validator({ command, initiator, signingRequestId: addressee }) {
          refuseUnlessFor(addressee)
          // Before the stream was read there is nothing to judge by; the handler decides in any case.
          if (history.state === undefined || history.answerTo(initiator.callId) !== undefined) return
          try {
            signingRequestDecider.decide(command, history.state)
          } catch (error) {
            throw error instanceof Refusal ? failureFromRefusal(error) : error
          }
        },
      },
    )
  }

  /** A change that was sealed for another request was copied from there. */
  function refuseUnlessFor(addressee: string): void {
    if (addressee === signingRequestId) return
    throw failureFromRefusal(
      new Refusal('SIGNING_REQUEST_MISMATCH', 'The change was made for another signing request.'),
    )
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

/** Somebody ended the request in the moment between looking and writing: it is over, as it should be. */
function unlessFinal(error: unknown): void {
  if (!(error instanceof Refusal && error.code === 'SIGNING_REQUEST_FINAL')) throw error
}

/** What a failed step tells people. Only failures with a code end a request; anything else is a fault of ours. */
function lastingFailure(error: unknown): {
  readonly code: string
  readonly message: string
  readonly path: string | null
} {
  if (error instanceof Refusal) return { code: error.code, message: error.message, path: null }
  // A local activity's failure comes as it is, an ordinary one's inside an ActivityFailure.
  const cause = error instanceof ActivityFailure ? error.cause : error
  if (cause instanceof ApplicationFailure) {
    const [details] = (cause.details ?? []) as readonly { readonly path?: string }[]
    return { code: cause.type ?? 'INTERNAL_ERROR', message: cause.message, path: details?.path ?? null }
  }
  if (error instanceof ActivityFailure)
    return { code: 'STEP_TIMED_OUT', message: 'A step did not finish within its time. Submit again.', path: null }
  throw error
}
