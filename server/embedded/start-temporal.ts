import { EmbeddedStartError } from './start-error.ts'
import {
  runTemporalProcess,
  type TemporalExit,
  type TemporalProcess,
  type TemporalProcessOptions,
} from './temporal-process.ts'

/**
 * The server takes further ports for its parts: it looks for free ones and then listens, and panics when another process was faster.
 * So often it is started altogether.
 */
const mostTries = 3
/** How a program in Go ends that panics. */
const panicCode = 2

/** Runs the server as {@link runTemporalProcess} does, and once more when it panicked while it started. */
export async function startTemporalProcess(options: TemporalProcessOptions): Promise<TemporalProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await runTemporalProcess(options)
    } catch (error) {
      if (tries === mostTries || !isPanic(error)) throw error
      options.logger.warn({ err: error, tries }, 'the Temporal server ended while it started; it is started again')
    }
  }
}

function isPanic(error: unknown): boolean {
  return error instanceof EmbeddedStartError && (error.cause as TemporalExit | undefined)?.code === panicCode
}
