/**
 * Why a signed statement is not accepted, or cannot be made. Codes begin with `STATEMENT_`. Nobody has to try again without changing
 * something, so it is never `transient`.
 */
export class StatementError extends Error {
  readonly code: string
  readonly transient = false

  constructor(code: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StatementError'
    this.code = code
  }
}
