import type { Logger } from 'pino'
import type { EventLog } from '../event-log/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { openDetection } from './detection.ts'
import { type Resuming, startResuming } from './resuming.ts'
import { unfinishedFile } from './unfinished-file.ts'

/** What a worker does beside the work that Temporal gives it. */
export type WorkerBackground = Pick<Resuming, 'resume' | 'close'> & {
  /** What somebody should see to although the worker works. */
  readonly notice: () => string | undefined
}

/**
 * Takes up what is unfinished, and then looks for unusual activity: one after the other, because both may have to read all of
 * the log, and nobody waits for what is unusual.
 *
 * @throws ConfigurationError as `openDetection`
 */
export async function startWorkerBackground(options: {
  readonly log: EventLog
  readonly workflows: Parameters<typeof startResuming>[0]['workflows']
  readonly settings: Settings
  readonly now: () => string
  readonly logger: Logger
}): Promise<WorkerBackground> {
  const { log, workflows, settings, now } = options
  const logger = options.logger.child({ role: 'worker' })
  const store = unfinishedFile(dataPath(settings, 'unfinished.json'))
  const resuming = startResuming({ log, workflows, store, logger })
  const detection = await openDetection({ settings, log, now, logger, after: resuming.whenKnown })
  return {
    resume: resuming.resume,
    notice: detection.notice,
    async close() {
      await detection.close()
      await resuming.close()
    },
  }
}
