import { log, proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type {
  Answering,
  AnywhereActivities,
  GrantActivities,
  LongStepActivities,
  RequestStep,
  ShortActivities,
  ShortSteps,
  SignerActivities,
  SourceActivities,
} from '../activities/contract.ts'
import type { SigningRequestId } from '../domain/index.ts'
import { callActivity, type RemoteActivity } from './call-activity.ts'
import { signerTaskQueue } from './contract.ts'
import { stepFailure } from './step-failure.ts'

/** Reading and appending, tried again until it works. */
export const short = proxyLocalActivities<Omit<ShortActivities, 'findInvalidApprovals'>>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '50 milliseconds', maximumInterval: '10 seconds' },
})
// Steps are called once each: whether and when they are tried again is decided here, where nobody else can answer.
const once = { retry: { maximumAttempts: 1 } } as const
const local = proxyLocalActivities<ShortSteps>({ startToCloseTimeout: '20 seconds', ...once })
// Temporal would hand these to the worker that the workflow is on, past the queue, as long as that one has room.
const byQueue = { allowEagerDispatch: false, ...once } as const
const anywhere = proxyActivities<Answering<AnywhereActivities>>({ startToCloseTimeout: '1 minute', ...byQueue })
const longCalls = { startToCloseTimeout: '4 hours', heartbeatTimeout: '10 seconds', ...byQueue } as const
const long = proxyActivities<Answering<LongStepActivities>>(longCalls)
const signer = proxyActivities<Answering<SignerActivities>>({ ...longCalls, taskQueue: signerTaskQueue })

/** Short steps: where the workflow is, where they take no trip through a queue; after a failure wherever one has the time. */
export function shortSteps(failures: number): ShortSteps {
  if (failures === 0) return local
  const { retrieveAndPlanAnywhere, retrieveArtifactAnywhere, findInvalidApprovalsAnywhere } = anywhere
  return {
    retrieveAndPlan: (input) => callActivity('retrieveAndPlan', retrieveAndPlanAnywhere, input),
    retrieveArtifact: (input) => callActivity('retrieveArtifact', retrieveArtifactAnywhere, input),
    findInvalidApprovals: (input) => callActivity('findInvalidApprovals', findInvalidApprovalsAnywhere, input),
  }
}

/** Approves by grants: where the workflow is, once. When it fails, the workflow looks again when it reads its stream again. */
export const { useGrants } = proxyLocalActivities<GrantActivities>({ startToCloseTimeout: '20 seconds', ...once })

const { finishSource: finish } = proxyActivities<SourceActivities>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 10 },
})

/** Has what was kept for retrieving an artifact removed. What stays after some tries is removed when it expires. */
export async function finishSource(signingRequestId: SigningRequestId): Promise<void> {
  try {
    await finish({ signingRequestId })
  } catch (error) {
    const { code, message } = stepFailure(error)
    log.warn('what was kept for retrieving an artifact could not be removed', { code, message })
  }
}

/** Fetches the artifact, in whatever worker has the time. */
export const fetchArtifact = remoteStep('fetchArtifact', long.fetchArtifact)

/** Verifies the artifact's origin, in whatever worker has the time. */
export const verifyOrigin = remoteStep('verifyOrigin', long.verifyOrigin)

/** Writes the data of its build into a package, in whatever worker has the time. */
export const addBuildData = remoteStep('addBuildData', long.addBuildData)

/** Plans the signing, in whatever worker has the time. */
export const planSigning = remoteStep('planSigning', long.planSigning)

/** Signs, in a signer. */
export const sign = remoteStep('sign', signer.sign)

/** A step of another process, as {@link callActivity} calls it. */
function remoteStep<Result>(name: string, activity: RemoteActivity<RequestStep, Result>) {
  return (input: RequestStep) => callActivity(name, activity, input)
}
