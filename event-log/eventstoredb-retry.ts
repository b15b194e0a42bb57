import { createRetries, type Retries } from '../retry/index.ts'
import { isPassing } from './eventstoredb-failure.ts'

/** The failures of a call or a subscription since the last success. */
export type StoreRetries = Retries & {
  /** How long one attempt may take, in milliseconds: half of the limit, so that another node can be asked, or what is left. */
  attemptMs(): number
}

/**
 * @param limitMs how long failures that pass are tried again without a success in between: of a `call` from now, of a
 *   `subscription`, which may rest for hours, from the first failure
 * @param signal ends the pauses
 */
export function storeRetries(limitMs: number, kind: 'call' | 'subscription', signal?: AbortSignal): StoreRetries {
  const retries = createRetries({
    backoff: { first: 50, longest: 2_000 },
    limitMs: (error) => (isPassing(error) ? limitMs : 0),
    limitFrom: kind === 'call' ? 'now' : 'first failure',
    signal,
  })
  return { ...retries, attemptMs: () => Math.max(1, Math.min(limitMs / 2, limitMs - retries.elapsedMs())) }
}
