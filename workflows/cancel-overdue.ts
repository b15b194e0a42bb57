import { CancellationScope, sleep } from '@temporalio/workflow'
import type { Initiator, SigningRequest } from '../domain/index.ts'
import type { RequestHistory } from './request-history.ts'
import { unlessCanceled, unlessFinal } from './step-failure.ts'

/** Cancels a request at the moment that its submission named, if it is not final by then. */
export type OverdueWatch = {
  /** Begins to wait for that moment, once. Each run of a workflow does so anew, from what the log says. */
  readonly begin: (request: Pick<SigningRequest, 'cancelAt'>) => void
  /** Waits no more: the request is over. */
  readonly end: () => void
}

/** @param canceled called when it was canceled, or is over in another way */
export function overdueWatch(
  history: Pick<RequestHistory, 'apply'>,
  initiator: Initiator,
  canceled: () => void,
): OverdueWatch {
  const waiting = new CancellationScope()
  let hasBegun = false

  async function cancelAt(moment: string): Promise<void> {
    await waiting.run(() => sleep(Math.max(1, Date.parse(moment) - Date.now())))
    // What is recorded is not canceled: it runs in the scope around the waiting.
    await history.apply({ type: 'CancelOverdue', cancelAt: moment }, initiator).catch(unlessFinal)
    canceled()
  }

  return {
    begin({ cancelAt: moment }) {
      if (hasBegun || moment === undefined) return
      hasBegun = true
      void cancelAt(moment).catch(unlessCanceled)
    },
    end: () => waiting.cancel(),
  }
}
