/** Stable codes of {@link SecretsError}. */
export type SecretsErrorCode =
  /** The database cannot be reached, or failed. */
  | 'SECRETS_UNAVAILABLE'
  /** The file is not a database of secrets. */
  | 'SECRETS_FOREIGN'
  /** What is there was not sealed by a key that is configured, or for another place. */
  | 'SECRET_UNOPENABLE'
  /** The process has no key to seal and open with. */
  | 'SECRETS_KEY_MISSING'

/** What goes wrong with secrets. Messages name them by purpose and id. */
export class SecretsError extends Error {
  readonly code: SecretsErrorCode
  /** Whether the same call may succeed later without the caller changing anything: each is the operator's to mend. */
  readonly transient = true

  constructor(code: SecretsErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SecretsError'
    this.code = code
  }
}
