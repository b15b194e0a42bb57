/**
 * What goes wrong while a file is read, signed or verified, or while a key is used.
 *
 * Codes are upper snake case with the area in front: `PKCS11_…`, `PE_…`, `AUTHENTICODE_…`, `TIMESTAMP_…`, `X509_…`.
 * `transient` says whether the same call may succeed later without anybody changing anything: only then is it retried.
 * Messages say what was wrong, where (offset, field, file) and what would be right; never a PIN.
 */
export class SigningError extends Error {
  readonly code: string
  readonly transient: boolean
  /** How long it is no use to try again, in milliseconds, where that is known. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: string,
    message: string,
    options: {
      readonly transient?: boolean
      readonly retryAfterMs?: number | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SigningError'
    this.code = code
    this.transient = options.transient ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}
