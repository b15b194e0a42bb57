const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** For how long something is tried to be told to a web hook, in milliseconds: three days. */
export const webHookDeadlineMs = 72 * hour

/** The pauses after the first failures; the last one after all further ones. */
const pauses = [
  5 * second,
  30 * second,
  2 * minute,
  10 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  6 * hour,
  12 * hour,
] as const
const longestPause = 12 * hour

/** A receiver, or what stands before it, that says it has too much to do gets this much time at least. */
const busyPause = 5 * minute
const busyStatuses = [429, 502, 504]

/** An attempt that failed, as far as the next one depends on it. */
export type FailedAttempt = {
  /** From 1. */
  readonly attempt: number
  /** What the receiver answered; `null` when it did not. */
  readonly status: number | null
  /** What the receiver asked for by `Retry-After`, in milliseconds; `null` when it did not. */
  readonly retryAfterMs: number | null
}

/**
 * The pause before the next attempt, in milliseconds. It follows from the arguments alone, so that workflows can replay it.
 * Pauses grow up to twelve hours; a receiver may ask for longer ones up to that, and for shorter ones not. No pause goes beyond
 * the deadline: what is left of the time ends with an attempt.
 *
 * @param remainingMs until the deadline
 * @param random from 0 to 1: what failed at the same moment is not tried again at the same moment
 * @returns `undefined` when the time is over
 */
export function pauseBeforeRetry(failed: FailedAttempt, remainingMs: number, random: number): number | undefined {
  if (remainingMs <= 0) return undefined
  const usual = (pauses[failed.attempt - 1] ?? longestPause) * (0.9 + random / 5)
  const busy = failed.status !== null && busyStatuses.includes(failed.status) ? busyPause * (1 + random / 5) : 0
  const asked = Math.min(failed.retryAfterMs ?? 0, longestPause)
  return Math.min(Math.max(usual, busy, asked), remainingMs)
}
