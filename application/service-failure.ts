import { Refusal } from '../domain/index.ts'
import { EventLogError } from '../event-log/index.ts'
import { WorkflowsUnavailable, WorkflowsUntrusted } from '../workflows/port.ts'

/** Something the caller cannot mend: a part of the service is away. The same call may succeed later. */
export class ServiceError extends Error {
  /** Upper snake case, e.g. `TEMPORAL_UNAVAILABLE`, `EVENT_LOG_UNAVAILABLE`. */
  readonly code: string

  constructor(code: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ServiceError'
    this.code = code
  }
}

/**
 * What a failure means to the caller: a refusal (something of theirs is wrong) or a service error (something of ours is
 * away). Anything else stays what it is: a fault.
 */
export function asCallersFailure(error: unknown): unknown {
  if (error instanceof ServiceError) return error
  if (error instanceof Refusal)
    // Another release of the service can do it.
    return /^EVENT_(?:TYPE|SCHEMA)_UNKNOWN$/.test(error.code)
      ? new ServiceError(error.code, error.message, { cause: error })
      : error
  if (error instanceof EventLogError || error instanceof WorkflowsUnavailable || error instanceof WorkflowsUntrusted)
    return new ServiceError(error.code, error.message, { cause: error })
  if (error instanceof Error && 'code' in error && 'transient' in error) {
    const code = String(error.code)
    return error.transient ? new ServiceError(code, error.message, { cause: error }) : new Refusal(code, error.message)
  }
  return error
}
