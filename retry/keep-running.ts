import type { Backoff } from '../domain/index.ts'
import { pause } from './pause.ts'
import { createRetries } from './retry.ts'

/** How something that must not stop is begun again. */
export type KeepRunningOptions = {
  readonly backoff: Backoff
  /** Ends it: the run at hand has to look at it, too. */
  readonly signal: AbortSignal
  /** Is given each failure; with `end` it is the last. */
  readonly onFailure: (error: unknown) => 'end' | 'again'
}

/**
 * Runs something again whenever it ends or fails, until the signal is aborted. What fails after an abort is part of the end.
 *
 * @param run one run; it calls `succeeded` when it is at work, so that the pause after its next failure is the first again
 */
export async function keepRunning(
  run: (succeeded: () => void) => Promise<void>,
  { backoff, signal, onFailure }: KeepRunningOptions,
): Promise<void> {
  const retries = createRetries({ backoff, signal })
  while (!signal.aborted)
    try {
      await run(retries.succeeded)
      retries.succeeded()
      await pause(backoff.first, signal)
    } catch (error) {
      if (signal.aborted || onFailure(error) === 'end') return
      await retries.afterFailure(error)
    }
}
