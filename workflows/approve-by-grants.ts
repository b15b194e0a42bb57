import { log } from '@temporalio/workflow'
import type { RequestHistory } from './request-history.ts'
import { stepFailure } from './step-failure.ts'
import { useGrants } from './steps.ts'

/**
 * Has the grants that cover a request approve it. When they cannot be looked at now, the request waits for people as any
 * does, until its workflow looks again.
 */
export async function approveByGrants(history: Pick<RequestHistory, 'take'>): Promise<void> {
  try {
    await history.take(useGrants)
  } catch (error) {
    const { code, message } = stepFailure(error)
    log.warn('grants could not be used', { code, message })
  }
}
