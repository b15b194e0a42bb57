import { CancellationScope, continueAsNew, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow'
import type { AfterMailAttempt, Answering, DeliveryEnd, MailActivities, MailAttempt } from '../activities/contract.ts'
import { pauseAfter, Refusal } from '../domain/index.ts'
import { callActivity } from './call-activity.ts'
import { mailDeliveryId, mailTaskQueue } from './contract.ts'
import { failureFromRefusal, unknownNotification } from './refusals.ts'
import { stepFailure } from './step-failure.ts'

const sender = proxyActivities<Answering<MailActivities>>({
  taskQueue: mailTaskQueue,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
})

/** After what is the service's own fault: an attempt that was not made, or not kept. */
const backoff = { first: 1_000, longest: 60_000 }

/**
 * Sends a mail: attempts, with growing pauses, until the mail server takes it, refuses it for good, or days are over. What is
 * sent to whom, and what came of it, is kept where the attempts are made; here is nothing but the notification's id.
 *
 * @param from the attempt that comes next, when it goes on with a new history
 * @returns what became of it, for a store that was lost meanwhile
 * @throws ApplicationFailure `ID_MALFORMED` when the workflow's id is none of a mail; `NOTIFICATION_UNKNOWN` when nobody knows the mail:
 *   it is started again when it is put out again
 */
export function mailDelivery(from?: number): Promise<DeliveryEnd> {
  const { id, round } = ownMail()
  return CancellationScope.nonCancellable(async () => {
    for (let attempt = Number.isSafeInteger(from) ? Number(from) : 1; ; ) {
      const after = await untilAnswered({ id, round, attempt })
      if (after.next === 'nothing') return after.end
      if (after.next === 'notYet' && after.isUnknown) throw unknownNotification(id)
      if (after.next === 'attempt') attempt += 1
      await sleep(after.pauseMs)
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof mailDelivery>(attempt)
    }
  })
}

/** Asks for an attempt until it is known what came of it. */
async function untilAnswered(wanted: MailAttempt): Promise<AfterMailAttempt> {
  for (let failures = 1; ; failures += 1)
    try {
      return await callActivity('attemptMail', sender.attemptMail, wanted)
    } catch (error) {
      await sleep(Math.max(pauseAfter(backoff, failures, Math.random()), stepFailure(error).retryAfterMs))
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof mailDelivery>(wanted.attempt)
    }
}

/** What the workflow is for, as its own id names it. */
function ownMail(): { readonly id: string; readonly round: number } {
  const { workflowId } = workflowInfo()
  const [, id = '', round = '0'] = /^mail-([0-9a-f-]{36})(?:-(\d{1,9}))?$/.exec(workflowId) ?? []
  if (mailDeliveryId(id, Number(round)) === workflowId) return { id, round: Number(round) }
  throw failureFromRefusal(new Refusal('ID_MALFORMED', `The workflow id ${workflowId} is none of a mail.`))
}
