import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'

/** What a long activity works with. */
export interface LongWork {
  /** Ends the work: when the workflow calls it off, the worker shuts down, or it makes no progress. */
  readonly signal: AbortSignal
  /** Says that the work has moved on. */
  readonly progress: () => void
}

/** How long an activity may be silent, in milliseconds: the time for two passes over 4 GiB on a slow disk. */
export const stallLimit = 5 * 60_000

/** Shorter than a third of the heartbeat time-out that the workflows set. */
const beatInterval = 2_500

/**
 * Runs a long activity's body. A heartbeat vouches for progress: it is sent as long as the body has moved on within
 * `limitMs`. After that the body is given up and its signal aborted, so that a call that never returns does not hold
 * the request and the worker's place for ever; the activity is then tried again.
 *
 * @param limitMs how long the body may be silent, in milliseconds
 * @throws ApplicationFailure `STEP_STALLED`, retryable; what the body throws
 */
export async function withHeartbeat<Result>(
  body: (work: LongWork) => Promise<Result>,
  limitMs = stallLimit,
): Promise<Result> {
  const context = Context.current()
  const stalled = new AbortController()
  let movedAt = performance.now()
  const { promise: stall, reject } = Promise.withResolvers<never>()
  const timer = setInterval(() => {
    if (performance.now() - movedAt < limitMs) return context.heartbeat()
    const failure = stallFailure(limitMs)
    stalled.abort(failure)
    reject(failure)
  }, beatInterval)
  const signal = AbortSignal.any([context.cancellationSignal, stalled.signal])
  const progress = () => {
    movedAt = performance.now()
  }
  try {
    return await Promise.race([body({ signal, progress }), stall])
  } catch (error) {
    // An abort is how a cancellation arrives in library code; Temporal knows it by its own error.
    if (context.cancellationSignal.aborted) await context.cancelled
    throw error
  } finally {
    clearInterval(timer)
  }
}

/**
 * The same object, whose methods count as progress each time one is called or settles, and so do those of what they
 * answer with: what an activity works with, so that a call that never returns is seen as what it is.
 */
export function reporting<Part extends object>(part: Part, progress: () => void): Part {
  return new Proxy(part, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        progress()
        const answer: unknown = member.apply(target, args)
        if (!(answer instanceof Promise)) return answer
        return answer
          .then((value: unknown) => (hasMethods(value) ? reporting(value, progress) : value))
          .finally(progress)
      }
    },
  })
}

/** Whether this is a plain object with functions in it, as a key is with its `sign`. */
function hasMethods(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).some((member) => typeof member === 'function')
}

function stallFailure(limitMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'STEP_STALLED',
    message: `A step made no progress for ${Math.round(limitMs / 1000)} s: something that it called did not return. It is tried again.`,
  })
}
