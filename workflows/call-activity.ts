import { ApplicationFailure } from '@temporalio/common'
import { log, uuid4 } from '@temporalio/workflow'
import type { Answer } from '../activities/contract.ts'
import { unopenedCode } from './unopened.ts'

/** An activity as `proxyActivities` gives it. */
export type RemoteActivity<Input, Result> = {
  executeWithOptions(options: { readonly activityId: string }, args: [Input]): Promise<Answer<Result>>
}

/**
 * Calls an activity of another process once, and believes its answer only if it was made for this call: the id of the
 * call is part of what the answer is sealed for, and stands in it.
 *
 * @param name of the activity, for people who look at Temporal
 * @throws ApplicationFailure of the code of an `Unopened`, retryable, when the answer is not to be believed
 */
export async function callActivity<Input, Result>(
  name: string,
  activity: RemoteActivity<Input, Result>,
  input: Input,
): Promise<Result> {
  const activityId = `${name}-${uuid4()}`
  const answer: unknown = await activity.executeWithOptions({ activityId }, [input])
  if (isAnswer<Result>(answer) && answer.answerTo === activityId) return answer.result
  const code = unopenedCode(answer) ?? 'PAYLOAD_MISPLACED'
  log.warn('a task was answered by something that is none of this service', { code, activityId })
  const message = `The task ${activityId} was answered by something that is none of this service. It is tried again.`
  throw ApplicationFailure.create({ type: code, message, nonRetryable: false })
}

function isAnswer<Result>(value: unknown): value is Answer<Result> {
  return typeof value === 'object' && value !== null && 'answerTo' in value && 'result' in value
}
