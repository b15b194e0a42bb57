import type { Logger } from 'pino'
import { workerActivities } from '../activities/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { signatureFormats } from '../signing/formats.ts'
import type { Sources } from '../sources/index.ts'
import { workerTaskQueue } from '../workflows/contract.ts'
import { namingLog, startCollection } from './artifact-collection.ts'
import type { Settings } from './configuration.ts'
import { openDetection } from './detection.ts'
import { configuredEstServers } from './est-servers.ts'
import type { Artifacts } from './stores.ts'
import { type RunningWorker, runWorker, type TemporalTarget, workflowBundle } from './temporal.ts'

/** A worker, and what it does beside its work. */
export type ServiceWorker = RunningWorker & {
  /** What somebody should see to although the worker works. */
  readonly notice: () => string | undefined
}

/**
 * Runs the workflows, and the activities that need no key; looks for unusual activity, and collects artifacts that nothing
 * names.
 */
export async function startWorker(options: {
  readonly log: EventLog
  readonly artifacts: Artifacts
  readonly sources: Sources
  readonly passes: FilePasses
  readonly settings: Settings
  readonly temporal: TemporalTarget
  /** Where the workflows' script is kept between starts. */
  readonly cacheFolder: string
  /** How long collected artifacts are kept before they are deleted, in milliseconds; `undefined`: none are collected. */
  readonly trashMs: number | undefined
  readonly now: () => string
  readonly logger: Logger
}): Promise<ServiceWorker> {
  const { log, artifacts, sources, passes, settings, temporal, cacheFolder, trashMs, now, logger } = options
  const { store } = artifacts
  const estServers = configuredEstServers(settings)
  const activities = workerActivities({ log, store, sources, passes, estServers, formats: signatureFormats, now })
  const bundle = await workflowBundle(cacheFolder, logger)
  const detection = await openDetection({ settings, log, now, logger })
  const worker = await runWorker(
    temporal,
    {
      taskQueue: workerTaskQueue,
      workflowBundle: bundle,
      activities: { ...activities },
      maxConcurrentActivityTaskExecutions: 16,
    },
    logger,
  )
  const { path, registry: uploads } = artifacts
  const collection =
    trashMs === undefined ? undefined : startCollection({ path, log: namingLog(log), uploads, trashMs, logger })
  return {
    ...worker,
    notice: detection.notice,
    async close() {
      await collection?.close()
      await detection.close()
      await worker.close()
    },
  }
}
