/** Stable codes of {@link PersonKeysError}. */
export type PersonKeysErrorCode =
  /** The database cannot be reached, or failed. */
  | 'PERSON_KEYS_UNAVAILABLE'
  /** The file is not a database of these keys. */
  | 'PERSON_KEYS_FOREIGN'
  /** A key that is there was not wrapped by a master key that is configured, or for another user. */
  | 'PERSON_KEY_UNOPENABLE'

/** What goes wrong with the keys that names and addresses are sealed by. Messages name users by their ids. */
export class PersonKeysError extends Error {
  readonly code: PersonKeysErrorCode
  /** Whether the same call may succeed later without the caller changing anything: each is the operator's to mend. */
  readonly transient = true

  constructor(code: PersonKeysErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'PersonKeysError'
    this.code = code
  }
}
