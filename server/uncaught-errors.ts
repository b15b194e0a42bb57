import type { FaultLog } from '../http/index.ts'

/**
 * The last resort for what no handler caught: a line `UNCAUGHT_ERROR` in the log, and the service goes on. Nothing that
 * decides lives in this process only: each step reads the log again and appends with the revision that it read, and the
 * signer trusts no caller. So going on is safe, and ending would hand a switch to whoever finds one more such error.
 *
 * @returns takes it back
 */
export function surviveUncaughtErrors(logger: FaultLog): () => void {
  const survive = (error: unknown, origin: string) => {
    try {
      logger.error({ err: error, code: 'UNCAUGHT_ERROR', origin }, 'an error was caught by nobody')
    } catch {
      // There is nobody left to tell.
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
