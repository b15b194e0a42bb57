import { ApplicationFailure } from '@temporalio/common'
import { endsRequest, Refusal } from '../domain/index.ts'
import { EventLogError } from '../event-log/index.ts'
import type { Unopened } from '../workflows/unopened.ts'

/**
 * What a failure means to the workflow: the error's code becomes the failure's type. It lasts when the code concerns the
 * request itself ({@link endsRequest}); all others are tried again. An error without a code is a fault of ours: it is
 * tried again too, and the log shows it.
 */
export function asFailure(error: unknown): unknown {
  if (error instanceof Refusal || error instanceof EventLogError)
    return coded(error.code, error, { retry: !endsRequest(error.code) })
  if (error instanceof Error && 'code' in error && 'transient' in error) {
    const code = String(error.code)
    return coded(code, error, {
      retry: error.transient === true || !endsRequest(code),
      path: pathOf(error),
      ...('retryAfterMs' in error && typeof error.retryAfterMs === 'number' && { retryAfterMs: error.retryAfterMs }),
    })
  }
  return error
}

/** The code and message of a failure that trying again would not mend; `undefined` for passing ones and for faults. */
export function nonRetryableFailure(error: unknown): { readonly code: string; readonly message: string } | undefined {
  const failure = asFailure(error)
  if (!(failure instanceof ApplicationFailure) || !failure.nonRetryable || typeof failure.type !== 'string')
    return undefined
  return { code: failure.type, message: failure.message }
}

/**
 * Refuses an input that could not be opened: somebody who reaches Temporal scheduled the activity past our workflows.
 *
 * @throws ApplicationFailure of the code of an `Unopened`
 */
export function requireOpened(input: object | undefined): void {
  if (input !== undefined && !(('unopened' satisfies keyof Unopened) in input)) return
  const type = (input as Unopened | undefined)?.unopened ?? 'PAYLOAD_NOT_SEALED'
  throw ApplicationFailure.create({ type, message: 'The input was not sealed by this service.', nonRetryable: true })
}

/** Runs an activity's body and translates what it throws. */
export async function translated<Result>(body: () => Promise<Result>): Promise<Result> {
  try {
    return await body()
  } catch (error) {
    throw asFailure(error)
  }
}

function coded(
  type: string,
  { message }: Error,
  {
    retry,
    path,
    retryAfterMs,
  }: { readonly retry: boolean; readonly path?: readonly string[] | undefined; readonly retryAfterMs?: number },
): ApplicationFailure {
  // Temporal does not give its own `nextRetryDelay` back to the workflow, which decides about tries.
  const details = { ...(path !== undefined && { path }), ...(retryAfterMs !== undefined && { retryAfterMs }) }
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !retry,
    details: Object.keys(details).length === 0 ? [] : [details],
  })
}

function pathOf(error: Error): readonly string[] | undefined {
  return 'path' in error && Array.isArray(error.path) ? error.path : undefined
}
