import { setTimeout as pause } from 'node:timers/promises'
import { isPassing } from './eventstoredb-failure.ts'

/** Pauses between attempts grow from the first to the longest, in milliseconds. */
const pauseMs = { first: 50, longest: 2_000 }

/** Counts the failures since the last success, and says when there were enough. */
export type Patience = {
  /** The store answered: the next failure is the first again. */
  restored(): void
  /** How long one attempt may take, in milliseconds: half of the limit, so that another node can be asked, or what is left. */
  attemptMs(): number
  /** Waits before the next attempt; throws the error when it does not pass or has lasted too long. */
  bear(error: unknown, signal?: AbortSignal): Promise<void>
}

/**
 * @param limitMs how long failures are borne without a success in between: `call` counts from now, `subscription`, which
 *   may rest for hours, from the first failure
 */
export function createPatience(limitMs: number, kind: 'call' | 'subscription'): Patience {
  let failingSince = kind === 'call' ? performance.now() : undefined
  let failures = 0
  const leftMs = () => limitMs - (failingSince === undefined ? 0 : performance.now() - failingSince)
  return {
    restored() {
      failingSince = undefined
      failures = 0
    },
    attemptMs: () => Math.max(1, Math.min(limitMs / 2, leftMs())),
    async bear(error, signal) {
      failingSince ??= performance.now()
      const wait = Math.min(pauseMs.first * 2 ** failures, pauseMs.longest)
      failures += 1
      if (!isPassing(error) || wait > leftMs()) throw error
      // An abort ends the wait; the caller looks at its signal.
      await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {})
    },
  }
}
