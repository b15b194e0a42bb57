import type { Logger } from 'pino'
import type { EventLog } from '../event-log/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { type DeliveryOptions, startDelivery } from './delivery.ts'
import { openDetection } from './detection.ts'
import { type Resuming, startResuming } from './resuming.ts'
import { unfinishedFile } from './unfinished-file.ts'

/** What a worker does beside the work that Temporal gives it. */
export type WorkerBackground = Pick<Resuming, 'resume' | 'close'> & {
  /** What somebody should see to although the worker works. */
  readonly notice: () => string | undefined
  /** The same of what is told to others. */
  readonly deliveryNotice: () => string | undefined
}

/**
 * Takes up what is unfinished, and then tells others what happens, and looks for unusual activity: one after the other, because each may have to
 * read all of the log, and nobody waits for what is unusual.
 *
 * @throws ConfigurationError as `openDetection`; what makes a worker impossible whether Temporal is there or not
 */
export async function startWorkerBackground(options: {
  readonly log: EventLog
  readonly workflows: Parameters<typeof startResuming>[0]['workflows']
  readonly settings: Settings
  readonly now: () => string
  readonly logger: Logger
  readonly delivery: Pick<DeliveryOptions, 'notifications' | 'outside' | 'client' | 'temporal'>
}): Promise<WorkerBackground> {
  const { log, workflows, settings, now } = options
  const logger = options.logger.child({ role: 'worker' })
  const store = unfinishedFile(dataPath(settings, 'unfinished.json'))
  const resuming = startResuming({ log, workflows, store, logger })
  const delivery = await startDelivery({ ...options.delivery, log, now, logger, after: resuming.whenKnown })
  const detection = await openDetection({ settings, log, now, logger, after: resuming.whenKnown })
  return {
    resume: resuming.resume,
    notice: detection.notice,
    deliveryNotice: delivery.notice,
    async close() {
      await detection.close()
      await delivery.close()
      await resuming.close()
    },
  }
}
