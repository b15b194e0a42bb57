import { ActivityFailure, ApplicationFailure } from '@temporalio/common'
import { isCancellation } from '@temporalio/workflow'
import { endsRequest, Refusal, type RequestFailure } from '../domain/index.ts'

/** What a failed step says. */
export type StepFailure = RequestFailure & {
  /** Whether trying again would not help. */
  readonly lasts: boolean
  /** How long whoever failed wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number
}

/**
 * Reads what a step threw. Only failures with a code that concerns the request itself last. All others pass: Temporal's
 * own (a worker ended, or took too long), those without a code, which are faults of ours, and those with a code that this
 * release does not know.
 *
 * @throws what is no failure of an activity and no refusal: a fault of the workflow's code
 */
export function stepFailure(error: unknown): StepFailure {
  if (error instanceof Refusal) return failure(error.code, error.message, { lasts: endsRequest(error.code) })
  // A local activity's failure comes as it is, an ordinary one's inside an ActivityFailure.
  const cause = error instanceof ActivityFailure ? error.cause : error
  if (cause instanceof ApplicationFailure) {
    const code = /^[A-Z][A-Z0-9_]+$/.test(cause.type ?? '') ? cause.type : undefined
    if (code == null) return failure('INTERNAL_ERROR', 'A fault of the service; its log tells more.')
    const [details] = (cause.details ?? []) as readonly Partial<StepFailure>[]
    return failure(code, cause.message, { ...details, lasts: cause.nonRetryable === true && endsRequest(code) })
  }
  if (error instanceof ActivityFailure)
    return failure('STEP_TIMED_OUT', 'Whoever was to do the step has not answered in time.')
  throw error
}

function failure(code: string, message: string, more: Partial<StepFailure> = {}): StepFailure {
  return { code, message, path: more.path ?? null, lasts: more.lasts ?? false, retryAfterMs: more.retryAfterMs ?? 0 }
}

/** Passes over that something was canceled. @throws every other error */
export function unlessCanceled(error: unknown): void {
  if (!isCancellation(error)) throw error
}

/** Somebody ended the request in the moment between looking and writing: it is over, as it should be. @throws every other error */
export function unlessFinal(error: unknown): void {
  if (!(error instanceof Refusal && error.code === 'SIGNING_REQUEST_FINAL')) throw error
}
