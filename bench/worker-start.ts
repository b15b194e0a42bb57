import { createPublicKey } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { processRoles, type SigningRequestId } from '../domain/index.ts'
import { startTemporalServer } from '../server/embedded/temporal.ts'
import { newEventKey, newInstallationKey, parseEventKey } from '../server/event-keys.ts'
import { newPayloadKey } from '../server/payload-codec.ts'
import { connectClient } from '../server/temporal.ts'
import { workflowBundle } from '../server/workflow-bundle.ts'
import { type ServiceEnvironment, startRoles } from '../test/support/service-processes.ts'
import { until } from '../test/support/until.ts'
import { temporalWorkflows } from '../workflows/client.ts'
import type { Workflows } from '../workflows/port.ts'
import { withFolder } from './folder.ts'
import { compiledAsInImage, imageArguments, imageEnvironment } from './image-arguments.ts'
import { makeLargeLog } from './large-log.ts'

/** One start of a worker. */
export type WorkerStart = {
  /** From its start to `/health/ready`, in milliseconds. */
  readonly readyMs: number
  /** From its start until every unfinished request has a workflow that runs, in milliseconds. */
  readonly resumedMs: number
  /** How many have one. */
  readonly resumed: number
  /** The most memory that it had (resident set), in MiB. */
  readonly peakMebibytes: number
}

/** Starts of a worker on a large log. */
export type WorkerStartFigures = {
  readonly requests: number
  readonly logGibibytes: number
  readonly unfinished: number
  /** With nothing but the log: the index of what is unfinished is made in the background. */
  readonly first: WorkerStart
  /** As every later start: with the index, after all workflows were lost. */
  readonly later: WorkerStart
}

const logger = pino({ level: 'silent' })
/** The index is made of some thousand million bytes. */
const resumeMs = 1_800_000

/** Measures starts of the role `worker`, as a process of its own, on a log that is made for it. */
export async function measureWorkerStart(requests: number, unfinished = 100): Promise<WorkerStartFigures> {
  return withFolder(async (folder) => {
    const { privateKey, publicKeyPem } = newInstallationKey()
    const eventKey = newEventKey(privateKey, processRoles, new Date().toISOString())
    const path = join(folder, 'event-log.db')
    const made = performance.now()
    const waiting = await makeLargeLog(path, parseEventKey(eventKey, [createPublicKey(publicKeyPem)]), {
      requests,
      unfinished,
    })
    const logGibibytes = (await stat(path)).size / 1024 ** 3
    const seconds = ((performance.now() - made) / 1_000).toFixed(0)
    process.stderr.write(`  a log of ${requests} requests, ${logGibibytes.toFixed(2)} GiB, made in ${seconds} s\n`)

    const temporal = await startTemporalServer({ dataDirectory: join(folder, 'temporal'), logger })
    const payloadKey = newPayloadKey()
    const { client, close } = connectClient({
      address: temporal.address,
      namespace: temporal.namespace,
      payloadKeys: payloadKey,
    })
    const workflows = temporalWorkflows(client)
    const data = join(folder, 'worker')
    await mkdir(data, { mode: 0o700 })
    const environment: ServiceEnvironment = {
      ...imageEnvironment,
      ...(await compiledAsInImage(join(folder, 'compiled'))),
      COUNTERSIGN_DATA: data,
      COUNTERSIGN_EVENT_LOG: `sqlite:${path}`,
      COUNTERSIGN_TEMPORAL_ADDRESS: temporal.address,
      COUNTERSIGN_PAYLOAD_KEY: payloadKey,
      COUNTERSIGN_EVENT_KEY: eventKey,
      COUNTERSIGN_INSTALLATION_KEY: publicKeyPem,
      COUNTERSIGN_PORT: '0',
    }
    // A release brings it along with its first start; it has nothing to do with the log.
    await workflowBundle(join(data, 'cache'), logger)
    try {
      const first = await startOnce(environment, workflows, waiting)
      for (const id of waiting) await client.workflow.getHandle(id).terminate('It was lost.')
      await until('nothing runs', async () => (await workflows.runningRequests()).size === 0, resumeMs)
      const later = await startOnce(environment, workflows, waiting)
      return { requests, logGibibytes, unfinished, first, later }
    } finally {
      await close()
      await temporal.close()
    }
  })
}

async function startOnce(
  environment: ServiceEnvironment,
  workflows: Pick<Workflows, 'runningRequests'>,
  waiting: readonly SigningRequestId[],
): Promise<WorkerStart> {
  const start = performance.now()
  const worker = await startRoles('worker', environment, undefined, imageArguments)
  await until('the worker is ready', async () => (await fetch(`${worker.url}/health/ready`)).ok, resumeMs)
  const readyMs = performance.now() - start
  let resumed = 0
  await until(
    'all are resumed',
    async () => {
      const running = await workflows.runningRequests()
      resumed = waiting.filter((id) => running.has(id)).length
      return resumed === waiting.length
    },
    resumeMs,
  )
  const resumedMs = performance.now() - start
  const status = await readFile(`/proc/${worker.pid}/status`, 'utf8')
  const peakMebibytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
  await worker.end('SIGTERM')
  return { readyMs, resumedMs, resumed, peakMebibytes }
}
