import { setTimeout as pause } from 'node:timers/promises'
import { isPassing } from './eventstoredb-failure.ts'

/** Pauses between attempts grow from the first to the longest, in milliseconds. */
const pauseMs = { first: 50, longest: 2_000 }

/** Counts the failures since the last success, and says when there were enough. */
export type Patience = {
  /** The store answered: the next failure is the first again. */
  restored(): void
  /** Waits before the next attempt; throws the error when it does not pass or has lasted too long. */
  bear(error: unknown, signal?: AbortSignal): Promise<void>
}

/** @param limitMs how long failures are borne without a success in between */
export function createPatience(limitMs: number): Patience {
  let failingSince: number | undefined
  let failures = 0
  return {
    restored() {
      failingSince = undefined
      failures = 0
    },
    async bear(error, signal) {
      failingSince ??= Date.now()
      const wait = Math.min(pauseMs.first * 2 ** failures, pauseMs.longest)
      failures += 1
      if (!isPassing(error) || Date.now() - failingSince + wait > limitMs) throw error
      // An abort ends the wait; the caller looks at its signal.
      await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {})
    },
  }
}
