/** Where what nobody foresaw is written, and what is worth a line. */
export type FaultLog = {
  readonly error: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
}

/**
 * A function that Node calls by itself: a listener, a timer's callback. What it throws would end the process, whoever
 * caused it; so it is caught here, written to the log as `HANDLER_FAILED` with the handler's name, and that is all. What
 * belongs to the handler alone, such as one connection, is cleaned up by `afterwards`.
 *
 * @param afterwards is given the same arguments; what it throws is dropped
 */
export function guarded<Arguments extends readonly unknown[]>(
  name: string,
  logger: FaultLog,
  handler: (...args: Arguments) => void | Promise<void>,
  afterwards: (...args: Arguments) => void = () => undefined,
): (...args: Arguments) => void {
  const failed = (error: unknown, args: Arguments) => {
    attempt(() => logger.error({ err: error, code: 'HANDLER_FAILED', handler: name }, 'a handler failed'))
    attempt(() => afterwards(...args))
  }
  return function guarded(...args) {
    try {
      const under = handler(...args)
      if (under instanceof Promise) under.catch((error: unknown) => failed(error, args))
    } catch (error) {
      failed(error, args)
    }
  }
}

function attempt(action: () => void): void {
  try {
    action()
  } catch {
    // The log itself fails: there is no other place to report to.
  }
}
