import type { FaultLog } from '../http/index.ts'

/**
 * What no handler caught becomes a line `UNCAUGHT_ERROR` in the log, and the service goes on. No state that a decision rests
 * on is in this process only: each step reads the log again and appends with the revision that it read, and the
 * signer trusts no caller. So going on is safe, while ending would let anybody who can cause such an error stop the service.
 *
 * @returns takes it back
 */
export function surviveUncaughtErrors(logger: FaultLog): () => void {
  const survive = (error: unknown, origin: string) => {
    try {
      logger.error({ err: error, code: 'UNCAUGHT_ERROR', origin }, 'an error was caught by nobody')
    } catch {
      // The log itself fails: there is no other place to report to.
    }
  }
  const onException = (error: unknown) => survive(error, 'exception')
  const onRejection = (error: unknown) => survive(error, 'rejection')
  process.on('uncaughtException', onException)
  process.on('unhandledRejection', onRejection)
  return () => {
    process.off('uncaughtException', onException)
    process.off('unhandledRejection', onRejection)
  }
}
