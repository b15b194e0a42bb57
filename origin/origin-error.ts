/** Codes of what a connector or a check of an identity token cannot do; each stands in `docs/error-codes.md`. */
export type OriginErrorCode = `ORIGIN_${string}` | `IDENTITY_TOKEN_${string}` | `PIPELINE_POLICY_${string}`

/**
 * Asking a build system did not come to an end. What it answered, and is wrong, is no such error but a failed check. Of an
 * address, message and properties hold its origin and the path below a base URL at the most; never its query, headers or tokens.
 */
export class OriginError extends Error {
  readonly code: OriginErrorCode
  /** Whether the same question may be answered later without anybody changing anything. */
  readonly isPassing: boolean
  /** After how many seconds the system asks to be called again; `null` when it does not say. */
  readonly retryAfterSeconds: number | null

  constructor(
    code: OriginErrorCode,
    message: string,
    { isPassing = false, retryAfterSeconds = null }: Partial<Pick<OriginError, 'isPassing' | 'retryAfterSeconds'>> = {},
  ) {
    super(message)
    this.name = 'OriginError'
    this.code = code
    this.isPassing = isPassing
    this.retryAfterSeconds = retryAfterSeconds
  }

  /** {@link isPassing}, by the name that steps of a request ask for. */
  get transient(): boolean {
    return this.isPassing
  }

  /** {@link retryAfterSeconds}, as steps of a request ask for it; 0 when the system does not say. */
  get retryAfterMs(): number {
    return (this.retryAfterSeconds ?? 0) * 1_000
  }
}
