/** Stable codes of {@link ActivityStoreError}. */
export type ActivityStoreErrorCode =
  /** The database cannot be reached, or failed. */
  | 'ACTIVITY_STORE_UNAVAILABLE'
  /** The file is another SQLite database. */
  | 'ACTIVITY_STORE_FOREIGN'

/** What goes wrong with the database of what is usual. Signing goes on, and what happened meanwhile is looked at later. */
export class ActivityStoreError extends Error {
  readonly code: ActivityStoreErrorCode
  /** Whether the same call may succeed later without the caller changing anything: each is the operator's to mend. */
  readonly transient = true

  constructor(code: ActivityStoreErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ActivityStoreError'
    this.code = code
  }
}
