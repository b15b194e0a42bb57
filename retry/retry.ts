import { type Backoff, pauseAfter } from '../domain/backoff.ts'
import { pause } from './pause.ts'

/** How something that fails is tried again. */
export type RetryOptions = {
  readonly backoff: Backoff
  /** Whether the pauses differ at random, for those who wait for the same thing. Default: no. */
  readonly jitter?: boolean
  /**
   * For how long a failure like this one is tried again, in milliseconds: 0 for one that does not pass by itself. No pause
   * goes beyond the limit. Default: without end.
   */
  readonly limitMs?: (error: unknown) => number
  /** From when the limit counts: the first failure since the last success (default), or now, for the whole call. */
  readonly limitFrom?: 'first failure' | 'now'
  /** Ends the pauses. */
  readonly signal?: AbortSignal | undefined
  /** Is given each failure that is tried again, before the pause, and how many there were in a row. */
  readonly onFailure?: (error: unknown, failures: number) => void
}

/** The failures since the last success. */
export type Retries = {
  /** The next failure is the first again. */
  succeeded(): void
  /** How many failures there were in a row. */
  failures(): number
  /** Since when the limit counts, in milliseconds; 0 while it does not. */
  elapsedMs(): number
  /**
   * Waits before the next try, or until the signal is aborted, which is for the caller to look at.
   *
   * @throws the error when it is not tried again
   */
  afterFailure(error: unknown): Promise<void>
}

/** Counts failures for a loop of the caller's own: one that reads a stream, and succeeds many times before it fails. */
export function createRetries(options: RetryOptions): Retries {
  const { backoff, jitter = false, limitMs, limitFrom, signal, onFailure } = options
  let since = limitFrom === 'now' ? performance.now() : undefined
  let failures = 0
  const elapsedMs = () => (since === undefined ? 0 : performance.now() - since)
  return {
    succeeded() {
      since = undefined
      failures = 0
    },
    failures: () => failures,
    elapsedMs,
    async afterFailure(error) {
      since ??= performance.now()
      failures += 1
      const wait = pauseAfter(backoff, failures, jitter ? Math.random() : 1)
      if (limitMs !== undefined && elapsedMs() + wait > limitMs(error)) throw error
      onFailure?.(error, failures)
      await pause(wait, signal)
    },
  }
}

/**
 * Does something until it succeeds, with growing pauses.
 *
 * @param onRecovery called when it succeeded after failures
 * @throws the last error when it is not tried again; the signal's reason when it is aborted between two tries
 */
export async function retry<Result>(
  work: () => Result | Promise<Result>,
  { onRecovery, ...options }: RetryOptions & { readonly onRecovery?: () => void },
): Promise<Result> {
  const retries = createRetries(options)
  for (;;) {
    let result: Result
    try {
      result = await work()
    } catch (error) {
      await retries.afterFailure(error)
      options.signal?.throwIfAborted()
      continue
    }
    // Outside of the try: work that succeeded is not done again when this fails.
    if (retries.failures() > 0) onRecovery?.()
    return result
  }
}
