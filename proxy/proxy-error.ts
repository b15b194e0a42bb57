/** What keeps the proxy from starting, or from taking over files that changed. */
export class ProxyError extends Error {
  /** Upper snake case, stable; listed in `docs/error-codes.md`. */
  readonly code: string

  constructor(code: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ProxyError'
    this.code = code
  }
}
