/** Stable codes of {@link NotificationStoreError}. */
export type NotificationStoreErrorCode =
  /** The database cannot be reached, or failed. */
  | 'NOTIFICATION_STORE_UNAVAILABLE'
  /** The file is another SQLite database. */
  | 'NOTIFICATION_STORE_FOREIGN'

/** What goes wrong with the database of notifications. Signing goes on, and what happened meanwhile is sent later. */
export class NotificationStoreError extends Error {
  readonly code: NotificationStoreErrorCode
  /** Whether the same call may succeed later without the caller changing anything: each is the operator's to mend. */
  readonly transient = true

  constructor(code: NotificationStoreErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'NotificationStoreError'
    this.code = code
  }
}
