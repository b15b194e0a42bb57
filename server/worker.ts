import type { Logger } from 'pino'
import { workerActivities } from '../activities/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { type Origins, useOnce } from '../origin/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { signatureFormats } from '../signing/formats.ts'
import type { Sources } from '../sources/index.ts'
import { workerTaskQueue } from '../workflows/contract.ts'
import { namingLog, startCollection } from './artifact-collection.ts'
import type { Settings } from './configuration.ts'
import { configuredEstServers } from './est-servers.ts'
import type { Outside } from './outside.ts'
import type { Artifacts } from './stores.ts'
import { type RunningWorker, runWorker, type TemporalTarget } from './temporal.ts'
import { type TreeSettings, treePlanning } from './tree-planning.ts'
import { workflowBundle } from './workflow-bundle.ts'

/** Runs the workflows, and the activities that need no key; collects artifacts that nothing names. */
export async function startWorker(options: {
  readonly log: EventLog
  readonly artifacts: Artifacts
  readonly sources: Sources
  readonly origins: Origins
  readonly outside: Pick<Outside, 'secrets' | 'usedTokens'>
  readonly passes: FilePasses
  readonly settings: Pick<Settings, 'estServers'> & TreeSettings
  readonly temporal: TemporalTarget
  /** Where the workflows' script is kept between starts. */
  readonly cacheFolder: string
  /** How long collected artifacts are kept before they are deleted, in milliseconds; `undefined`: none are collected. */
  readonly trashMs: number | undefined
  readonly now: () => string
  readonly logger: Logger
}): Promise<RunningWorker> {
  const { log, artifacts, sources, origins, outside, passes, settings } = options
  const { temporal, cacheFolder, trashMs, now, logger } = options
  const { store } = artifacts
  const estServers = configuredEstServers(settings)
  const activities = workerActivities({
    log,
    store,
    sources,
    origins,
    secrets: outside.secrets,
    useToken: (token, usedFor) => useOnce(outside.usedTokens, token, usedFor),
    passes,
    estServers,
    formats: signatureFormats,
    trees: await treePlanning(settings),
    now,
  })
  const worker = await runWorker(
    temporal,
    {
      taskQueue: workerTaskQueue,
      workflowBundle: await workflowBundle(cacheFolder, logger),
      activities: { ...activities },
      maxConcurrentActivityTaskExecutions: 16,
    },
    logger,
  )
  if (trashMs === undefined) return worker
  const { path, registry: uploads } = artifacts
  const collection = startCollection({ path, log: namingLog(log), uploads, trashMs, logger })
  return {
    ...worker,
    async close() {
      await collection.close()
      await worker.close()
    },
  }
}
