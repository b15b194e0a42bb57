import { isFinalStatus } from '../../domain/index.ts'
import type { EventLog } from '../../event-log/index.ts'
import { type RequestHistory, requestHistories } from './request-histories.ts'
import { until } from './until.ts'

/** Waits until the log has seen the end of every request in it. @param unknownType as of {@link requestHistories} */
export async function allFinal(log: EventLog, withinMs: number, unknownType?: string): Promise<void> {
  await until(
    'every request is final',
    async () => [...(await requestHistories(log, unknownType)).values()].every(isFinal),
    withinMs,
  )
}

/** Whether nothing can happen to a request any more. */
export function isFinal({ request }: RequestHistory): boolean {
  return isFinalStatus(request.workflowStatus)
}
