import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import {
  bundleWorkflowCode,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker'
import type { Logger } from 'pino'
import { parsePayloadKeys, payloadCodec } from './payload-codec.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const workflowsPath = join(project, 'workflows', 'index.ts')
const failureConverterPath = join(project, 'workflows', 'failure-converter.ts')

/** How to reach Temporal. */
export type TemporalTarget = {
  /** `<host>:<port>`. */
  readonly address: string
  readonly namespace: string
  /** What `parsePayloadKeys` reads. */
  readonly payloadKeys: string
}

/** Sends the Temporal SDK's own log to ours. Once in a process, before anything else of the SDK is used. */
export function logTemporalTo(logger: Logger): void {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const
  const child = logger.child({ part: 'temporal' })
  const log = (level: keyof typeof levels, message: string, meta?: object) => child[levels[level]](meta ?? {}, message)
  Runtime.install({
    logger: {
      log,
      trace: (message, meta) => log('TRACE', message, meta),
      debug: (message, meta) => log('DEBUG', message, meta),
      info: (message, meta) => log('INFO', message, meta),
      warn: (message, meta) => log('WARN', message, meta),
      error: (message, meta) => log('ERROR', message, meta),
    },
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
    // The service decides itself when to stop; a second handler would stop workers under it.
    shutdownSignals: [],
  })
}

/** How payloads are encoded on both sides. */
export function dataConverter(payloadKeys: string): DataConverter {
  return { payloadCodecs: [payloadCodec(parsePayloadKeys(payloadKeys))], failureConverterPath }
}

/** Connects as a client. Does not wait for the server: the first call does. */
export function connectClient(target: TemporalTarget): {
  readonly client: Client
  readonly close: () => Promise<void>
} {
  const connection = Connection.lazy({ address: target.address })
  const { namespace, payloadKeys } = target
  const client = new Client({ connection, namespace, dataConverter: dataConverter(payloadKeys) })
  return { client, close: () => connection.close() }
}

/** A running worker. */
export type RunningWorker = {
  /** `undefined` while it polls; what went wrong when it does not. */
  readonly problem: () => string | undefined
  /** Lets what is under way finish, within bounds, and stops. */
  readonly close: () => Promise<void>
}

/**
 * Runs a worker for as long as the process wants it. One that ends by itself (Temporal was away for too long) is started
 * again.
 */
export async function runWorker(
  target: TemporalTarget,
  options: Pick<
    WorkerOptions,
    'taskQueue' | 'activities' | 'workflowBundle' | 'maxConcurrentActivityTaskExecutions' | 'maxCachedWorkflows'
  >,
  logger: Logger,
): Promise<RunningWorker> {
  let closing = false
  let problem: string | undefined
  let current: Worker | undefined
  let wake: (() => void) | undefined

  async function create(): Promise<{ worker: Worker; connection: NativeConnection }> {
    const connection = await NativeConnection.connect({ address: target.address })
    const worker = await Worker.create({
      ...options,
      connection,
      namespace: target.namespace,
      dataConverter: dataConverter(target.payloadKeys),
      shutdownGraceTime: '5 seconds',
      shutdownForceTime: '20 seconds',
    })
    return { worker, connection }
  }

  let next = await create()
  async function keepRunning(): Promise<void> {
    for (;;) {
      const { worker, connection } = next
      current = worker
      problem = undefined
      try {
        await worker.run()
      } catch (error) {
        problem = `The worker of ${options.taskQueue} ended: ${(error as Error).message}`
        logger.error({ err: error, taskQueue: options.taskQueue }, 'a worker ended; starting it again')
      }
      await connection.close().catch(() => undefined)
      while (!closing) {
        try {
          next = await create()
          break
        } catch (error) {
          problem = `The worker of ${options.taskQueue} cannot reach Temporal: ${(error as Error).message}`
          await new Promise<void>((resolve) => {
            wake = resolve
            setTimeout(resolve, 1_000)
          })
        }
      }
      if (closing) return
    }
  }
  const done = keepRunning()

  return {
    problem: () => problem,
    async close() {
      closing = true
      wake?.()
      if (current?.getState() === 'RUNNING') current.shutdown()
      await done
    },
  }
}

/**
 * The workflows as one script for the workflow sandbox. Made once for each state of the sources and kept in a folder:
 * a second start does not wait for it.
 */
export async function workflowBundle(cacheFolder: string, logger: Logger): Promise<{ readonly codePath: string }> {
  const key = await sourcesDigest()
  const codePath = join(cacheFolder, `workflows-${key}.js`)
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 })
  const kept = await readdir(cacheFolder)
  if (kept.includes(`workflows-${key}.js`)) return { codePath }
  const quiet = {
    log() {},
    trace() {},
    debug() {},
    info() {},
    warn() {},
    error: (message: string) => logger.error(message),
  }
  const { code } = await bundleWorkflowCode({ workflowsPath, failureConverterPath, logger: quiet })
  const temporary = `${codePath}.${process.pid}`
  await writeFile(temporary, code)
  await rename(temporary, codePath)
  for (const old of kept.filter((name) => name.startsWith('workflows-')))
    await rm(join(cacheFolder, old), { force: true })
  return { codePath }
}

async function sourcesDigest(): Promise<string> {
  const hash = createHash('sha256')
  hash.update(createRequire(import.meta.url).resolve('@temporalio/worker/package.json'))
  for (const room of ['domain', 'workflows']) {
    const folder = join(project, room)
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).sort()
    for (const file of files) hash.update(`${room}/${file}\n`).update(await readFile(join(folder, file)))
  }
  hash.update(await readFile(join(project, 'package-lock.json')))
  return hash.digest('hex').slice(0, 16)
}
