import { type ExitCode, exitCode } from './exit-code.ts'

/** What a command ends with when it cannot do what was asked: printed on stderr as `error: CODE: message` and a hint. */
export class CliError extends Error {
  /** Upper snake case, stable; the service's own code when the service refused. */
  readonly code: string
  /** What to do about it, as a sentence; `undefined` when the message says it already. */
  readonly hint: string | undefined
  /** What the process ends with. */
  readonly exitCode: ExitCode

  constructor(
    code: string,
    message: string,
    options: { readonly hint?: string | undefined; readonly exitCode?: ExitCode; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CliError'
    this.code = code
    this.hint = options.hint
    this.exitCode = options.exitCode ?? exitCode.fault
  }
}

/** A command line, file or setting that cannot be right (code `USAGE` unless a better one is given). */
export function usageError(message: string, hint?: string, code = 'USAGE'): CliError {
  return new CliError(code, message, { hint, exitCode: exitCode.usage })
}
