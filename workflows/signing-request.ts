import type { UpdateDefinition } from '@temporalio/common'
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow'
import type { ShortActivities, SignerActivities, StepActivities } from '../activities/contract.ts'
import {
  countedApprovers,
  type FailureStatus,
  isFinalStatus,
  Refusal,
  type SigningRequest,
  type SigningRequestCommand,
  signingRequestDecider,
  type UserId,
} from '../domain/index.ts'
import {
  approveUpdate,
  type Change,
  type Changed,
  cancelUpdate,
  denyUpdate,
  type Initiator,
  type SigningRequestInput,
  signerTaskQueue,
  submitUpdate,
} from './contract.ts'
import { failureFromRefusal } from './refusals.ts'
import { requestHistory } from './request-history.ts'

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

/** Artifacts up to this size are planned in milliseconds: not worth a trip through the task queue. In bytes. */
const shortPlanSize = 4 * 1024 * 1024

/**
 * One signing request, from submission to its end. It begins by reading what has happened already, so a workflow that
 * is started on a request with a history goes on from there.
 */
export async function signingRequest({ signingRequestId }: SigningRequestInput): Promise<void> {
  const history = requestHistory(signingRequestId, short)
  const workflow: Initiator = { actor: { kind: 'system', component: 'workflow' }, callId: signingRequestId }

  accept(submitUpdate)
  accept(approveUpdate)
  accept(denyUpdate)
  accept(cancelUpdate)

  await history.refresh()
  await condition(() => request() !== undefined, '1 minute')
  // A submission that arrives while the workflow is about to give up waiting for it is still taken through.
  do {
    for (let open = request(); open !== undefined && !isFinalStatus(open.workflowStatus); open = request())
      await takeNextStep(open)
    await condition(allHandlersFinished)
  } while (request() !== undefined && !isOver())

  async function takeNextStep(open: SigningRequest): Promise<void> {
    if (!open.retrieved) return retrieve()
    if (open.plan === null) return plan(open)
    if (open.workflowStatus === 'WaitingForApproval') return awaitApproval(open)
    return sign(open)
  }

  function retrieve(): Promise<void> {
    return step('ArtifactRetrievalFailed', () => history.take(short.retrieveArtifact))
  }

  function plan({ artifact }: SigningRequest): Promise<void> {
    return step('ProcessingFailed', () =>
      artifact.size <= shortPlanSize
        ? history.take(short.planSigning)
        : unlessOver(() => history.take(long.planSigning)),
    )
  }

  async function awaitApproval({ plan }: SigningRequest): Promise<void> {
    const decided = () => request()?.workflowStatus !== 'WaitingForApproval'
    const deadline = plan?.approvalDeadline ?? null
    if (deadline === null) return condition(decided)
    const inTime = await condition(decided, Math.max(1, Date.parse(deadline) - Date.now()))
    if (!inTime) await step('ProcessingFailed', () => history.apply({ type: 'ExpireApproval', deadline }, workflow))
  }

  function sign(open: SigningRequest): Promise<void> {
    return step('ProcessingFailed', async () => {
      const approver = await firstDeactivated(open)
      if (approver !== undefined) await history.apply({ type: 'InvalidateApproval', approver }, workflow)
      else await unlessOver(() => history.take(signer.sign))
    })
  }

  /** An approver who may not act any more and whose approval is to be taken back. */
  async function firstDeactivated(open: SigningRequest): Promise<UserId | undefined> {
    const userIds = open.attempts > 0 ? [] : countedApprovers(open)
    return userIds.length === 0 ? undefined : (await short.findDeactivatedUsers({ userIds }))[0]
  }

  /** Runs a step, and records when it failed for good. A request that is over by then stays as it is. */
  async function step(onFailure: FailureStatus, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const failure = lastingFailure(error)
      await history.refresh()
      if (!isOver())
        await history.apply({ type: 'Fail', workflowStatus: onFailure, failure }, workflow).catch(unlessFinal)
    }
  }

  /** Runs an activity, and cancels it when the request is denied or called off meanwhile. */
  async function unlessOver<Result>(activity: () => Promise<Result>): Promise<Result | undefined> {
    const scope = new CancellationScope()
    const result = scope.run(activity)
    try {
      await Promise.race([result, condition(isOver).then(() => scope.cancel())])
      return await result
    } catch (error) {
      if (isCancellation(error) && isOver()) return undefined
      throw error
    }
  }

  function accept<Command extends SigningRequestCommand>(update: UpdateDefinition<Changed, [Change<Command>]>): void {
    setHandler(
      update,
      async ({ command, initiator }) => {
        await condition(() => history.state !== undefined)
        try {
          return await history.apply(command, initiator)
        } catch (error) {
          throw error instanceof Refusal ? failureFromRefusal(error) : error
        }
      },
      {
        validator({ command, initiator }) {
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
