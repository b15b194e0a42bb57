import { type Backoff, pauseAfter } from '../backoff.ts'
import type { Instant } from '../event.ts'
import type { Delay } from './events.ts'

/** The longest pause between two tries of a step, in seconds. */
const longestPause = 600

/** How often a step may fail before its request is said to wait: most faults of a moment are over by then. */
const silentFailures = 3

/** Pauses before a request is said to wait, and the one after that. */
const firstPauses: Backoff = { first: 500, longest: 4_000 }

/** A try that failed for a passing reason. */
export type FailedTry = {
  readonly code: string
  readonly failures: number
  readonly retryAfterMs: number
  readonly now: number
}

/** When a step is tried again, and what has to be recorded before. */
export type NextTry = {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What is to be recorded of the delay; `undefined` when the request says so already, or need not say it yet. */
  readonly record: { readonly nextTryAt: Instant; readonly pauseSeconds: number } | undefined
}

/**
 * When a step that failed for a passing reason is tried again. Pauses double up to ten minutes, whatever the reasons are
 * in turn. The times of all further tries follow from what a request says about its delay, so one event is enough for an
 * outage of any length.
 *
 * @param delay what the request says now
 * @param failures how often the step has failed in a row, this time included
 * @param retryAfterMs how long whoever failed wants to be left alone
 * @param now milliseconds since the epoch
 */
export function nextTry(delay: Delay | null, { code, failures, retryAfterMs, now }: FailedTry): NextTry {
  const planned = delay === null ? undefined : nextTryOf(delay, now)
  const pause = pauseAfter(firstPauses, failures)
  const at = Math.max(planned ?? now + pause, now + retryAfterMs)
  const isSaid = delay?.failure.code === code && at === planned
  const isOfMoments = planned === undefined && failures <= silentFailures && retryAfterMs <= pause
  if (isSaid || isOfMoments) return { at, record: undefined }
  const pauseSeconds = Math.max(1, Math.min(Math.round((at - now) / 1000), longestPause))
  return { at, record: { nextTryAt: new Date(at).toISOString(), pauseSeconds } }
}

/** The first try after `now` by what a request says about its delay; `undefined` when it waits for somebody. Both in ms. */
export function nextTryOf({ nextTryAt, pauseSeconds }: Delay, now: number): number | undefined {
  if (nextTryAt === null) return undefined
  let at = Date.parse(nextTryAt)
  let pause = pauseSeconds
  while (at <= now && pause < longestPause) {
    pause = Math.min(2 * pause, longestPause)
    at += pause * 1000
  }
  const period = longestPause * 1000
  return at > now ? at : at + (Math.floor((now - at) / period) + 1) * period
}
