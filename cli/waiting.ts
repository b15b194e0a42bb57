import { CliError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'
import { count } from './output/quantities.ts'

/** A wait, and what ends it early. */
export type Waiting = {
  /** Aborted by Ctrl-C, SIGTERM, or when the time is over; its reason is the error that the command then ends with. */
  readonly signal: AbortSignal
  /** The error as it is, or, when it is that the wait ended early, with a hint how to go on. */
  explain(error: unknown, hint: string): unknown
  /** Lets go of the clock. */
  end(): void
}

/**
 * Begins a wait.
 *
 * @param timeoutMs `undefined` waits without end
 */
export function beginWait(interruption: AbortSignal, timeoutMs?: number): Waiting {
  const controller = new AbortController()
  const { signal } = controller
  const interrupt = () =>
    controller.abort(new CliError('INTERRUPTED', 'Interrupted.', { exitCode: exitCode.interrupted }))
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          const message = `Not finished within ${count(timeoutMs / 1000, 'second')}.`
          controller.abort(new CliError('TIMED_OUT', message, { exitCode: exitCode.timedOut }))
        }, timeoutMs)
  if (interruption.aborted) interrupt()
  interruption.addEventListener('abort', interrupt, { once: true })
  return {
    signal,
    explain(error, hint) {
      if (error !== signal.reason || !(error instanceof CliError)) return error
      return new CliError(error.code, error.message, { hint, exitCode: error.exitCode })
    },
    end() {
      clearTimeout(timer)
      interruption.removeEventListener('abort', interrupt)
    },
  }
}

/** The hint how to continue with a request that is not waited for any more. */
export function howToContinue(signingRequestId: string): string {
  return (
    `The request goes on. Wait for it again, and save the signed file: \`countersign sign --attach ${signingRequestId} --out FILE\`. ` +
    `Follow it: \`countersign request watch ${signingRequestId}\`. Cancel it: \`countersign request cancel ${signingRequestId}\`.`
  )
}
