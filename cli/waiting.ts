import { CliError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'

/** How long a wait may last, and what ends it. */
export type Waiting = {
  /** Aborted by Ctrl-C, SIGTERM, or when the time is over. Its reason is the error that the command ends with. */
  readonly signal: AbortSignal
  /** Lets go of the clock. */
  end(): void
}

/**
 * Makes the signal of a wait.
 *
 * @param timeoutMs `undefined` waits without end
 * @param goOn how to go on afterwards, told when the wait ends early; asked for at that moment
 */
export function waiting(interruption: AbortSignal, timeoutMs: number | undefined, goOn: () => string): Waiting {
  const controller = new AbortController()
  const interrupt = () =>
    controller.abort(new CliError('INTERRUPTED', 'Interrupted.', { hint: goOn(), exitCode: exitCode.interrupted }))
  const expire = () =>
    controller.abort(
      new CliError('TIMED_OUT', `Not finished within ${(timeoutMs ?? 0) / 1000} seconds.`, {
        hint: goOn(),
        exitCode: exitCode.timedOut,
      }),
    )
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs)
  if (interruption.aborted) interrupt()
  interruption.addEventListener('abort', interrupt, { once: true })
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer)
      interruption.removeEventListener('abort', interrupt)
    },
  }
}

/** How to go on with a request that is not waited for any more. */
export function goOnWith(signingRequestId: string): string {
  return (
    `The request goes on. Follow it: \`countersign request watch ${signingRequestId}\`. Save the signed file: ` +
    `\`countersign request download ${signingRequestId} --out FILE\`. Call it off: \`countersign request cancel ${signingRequestId}\`.`
  )
}
