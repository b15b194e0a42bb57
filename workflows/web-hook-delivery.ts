import { CancellationScope, continueAsNew, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow'
import type {
  AfterDelivery,
  Answering,
  DeliveryActivities,
  DeliveryAttempt,
  DeliveryEnd,
} from '../activities/contract.ts'
import { pauseAfter, Refusal, webHookDeadlineMs } from '../domain/index.ts'
import { callActivity } from './call-activity.ts'
import { type DeliveryProgress, deliveryTaskQueue, webHookDeliveryId } from './contract.ts'
import { failureFromRefusal, unknownNotification } from './refusals.ts'
import { stepFailure } from './step-failure.ts'

const sender = proxyActivities<Answering<DeliveryActivities>>({
  taskQueue: deliveryTaskQueue,
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
})

/** After what is the service's own fault: an attempt that was not made, or not kept. */
const backoff = { first: 500, longest: 60_000 }
/** While the web hook gets as many messages as it may at once. */
const turns = { first: 1_000, longest: 30_000 }

/**
 * Delivers a message to a web hook: attempts, with growing pauses, until one succeeds or three days are over. What is sent to
 * whom, and what came of it, is kept where the attempts are made.
 *
 * @param progress where it is, when it goes on with a new history
 * @returns what became of it, for a store that was lost meanwhile
 * @throws ApplicationFailure `ID_MALFORMED` when the workflow's id is none of a delivery; `NOTIFICATION_UNKNOWN` when nobody knows the
 *   message: it is started again when it is put out again
 */
export function webHookDelivery(progress?: DeliveryProgress): Promise<DeliveryEnd> {
  const { id, round } = ownDelivery()
  const begun = { attempt: 1, deadline: workflowInfo().startTime.getTime() + webHookDeadlineMs }
  const { attempt: first, deadline } = isProgress(progress) ? progress : begun
  return CancellationScope.nonCancellable(async () => {
    for (let [attempt, waits] = [first, 0]; ; ) {
      const after = await untilAnswered({ id, round, attempt }, deadline)
      if (after.next === 'nothing') return after.end
      if (after.next === 'same' && after.isUnknown) throw unknownNotification(id)
      if (after.next === 'attempt') {
        attempt += 1
        waits = 0
        await sleep(after.pauseMs)
      } else {
        waits += 1
        await sleep(pauseAfter(turns, waits, Math.random()))
      }
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof webHookDelivery>({ attempt, deadline })
    }
  })
}

/** Asks for an attempt until it is known what came of it. */
async function untilAnswered(wanted: Omit<DeliveryAttempt, 'remainingMs'>, deadline: number): Promise<AfterDelivery> {
  for (let failures = 1; ; failures += 1)
    try {
      const input = { ...wanted, remainingMs: deadline - Date.now() }
      return await callActivity('attemptWebHookDelivery', sender.attemptWebHookDelivery, input)
    } catch (error) {
      await sleep(Math.max(pauseAfter(backoff, failures, Math.random()), stepFailure(error).retryAfterMs))
      if (workflowInfo().continueAsNewSuggested)
        await continueAsNew<typeof webHookDelivery>({ attempt: wanted.attempt, deadline })
    }
}

/** What the workflow is for, as its own id names it. */
function ownDelivery(): { readonly id: string; readonly round: number } {
  const { workflowId } = workflowInfo()
  const [, id = '', round = '0'] = /^webHookDelivery-([0-9a-f-]{36})(?:-(\d{1,9}))?$/.exec(workflowId) ?? []
  if (webHookDeliveryId(id, Number(round)) === workflowId) return { id, round: Number(round) }
  throw failureFromRefusal(new Refusal('ID_MALFORMED', `The workflow id ${workflowId} is none of a delivery.`))
}

/** Whoever reaches Temporal can start one with another argument: it then does what it does without any. */
function isProgress(value: unknown): value is DeliveryProgress {
  if (typeof value !== 'object' || value === null || !('attempt' in value && 'deadline' in value)) return false
  return Number.isSafeInteger(value.attempt) && Number.isFinite(value.deadline)
}
