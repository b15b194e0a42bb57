import { Client, Connection, type TLSConfig } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import type { Worker, WorkerOptions } from '@temporalio/worker'
import type { Logger } from 'pino'
import { keepRunning } from '../retry/index.ts'
import { required, type Settings } from './configuration.ts'
import { type OnUnopened, parsePayloadKeys, payloadCodec } from './payload-codec.ts'
import { type TlsMaterial, tlsOf } from './tls.ts'
import { recordUnopened } from './unopened-payloads.ts'
import { failureConverterPath } from './workflow-bundle.ts'

/** How to reach Temporal. */
export type TemporalTarget = {
  /** `<host>:<port>`. */
  readonly address: string
  readonly namespace: string
  /** What `parsePayloadKeys` reads. */
  readonly payloadKeys: string
  /** Plain when not given. */
  readonly tls?: TlsMaterial | undefined
}

/**
 * The Temporal that the settings name.
 *
 * @param role who needs it, for the message when something is not set
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export function temporalTarget(settings: Settings, role: string): TemporalTarget {
  return {
    address: required(settings, 'temporalAddress', role),
    namespace: settings.temporalNamespace,
    payloadKeys: required(settings, 'payloadKey', role),
    tls: tlsOf(settings, 'temporal'),
  }
}

/** As the SDK takes it, for clients and workers alike. */
function tlsConfig(tls: TlsMaterial | undefined): { tls?: TLSConfig } {
  if (tls === undefined) return {}
  const { authorities, client } = tls
  return {
    tls: {
      ...(authorities === undefined ? {} : { serverRootCACertificate: authorities }),
      ...(client === undefined ? {} : { clientCertPair: { crt: client.certificate, key: client.key } }),
    },
  }
}

/** What workers run on, four hundred modules and native code: processes that are only clients do without. */
const loadWorkers = () => import('@temporalio/worker')

/** Sends the log of the Temporal SDK's workers to ours. Once in a process, before the first of them runs. */
export async function logTemporalTo(logger: Logger): Promise<void> {
  const { makeTelemetryFilterString, Runtime } = await loadWorkers()
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
export function dataConverter(payloadKeys: string, onUnopened?: OnUnopened): DataConverter {
  return { payloadCodecs: [payloadCodec(parsePayloadKeys(payloadKeys), onUnopened)], failureConverterPath }
}

/** A server that was away is found again within a second; gRPC's own limit is two minutes. */
const channelArgs = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 }

/** Connects as a client. Does not wait for the server: the first call does. */
export function connectClient(
  target: TemporalTarget,
  onUnopened?: OnUnopened,
): {
  readonly client: Client
  readonly close: () => Promise<void>
} {
  const connection = Connection.lazy({ address: target.address, channelArgs, ...tlsConfig(target.tls) })
  const { namespace, payloadKeys } = target
  const client = new Client({ connection, namespace, dataConverter: dataConverter(payloadKeys, onUnopened) })
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
 * What workers do with a workflow that another release began and this one's code cannot replay: they end it instead of
 * trying for ever. The next call about its request starts it again, as `request resume` does, and it goes on from the log.
 */
export const unreplayable = {
  workflowFailureErrorTypes: { '*': ['NondeterminismError'] },
} satisfies Partial<WorkerOptions>

/** Between two attempts to reach Temporal, in milliseconds. */
const reconnectPause = 1_000

/**
 * Runs a worker for as long as the process wants it. Temporal may be away, now or later: then `problem` says so and the
 * worker is started as soon as it can be.
 *
 * @throws what makes a worker impossible whether Temporal is there or not
 */
export async function runWorker(
  target: TemporalTarget,
  options: Pick<
    WorkerOptions,
    'taskQueue' | 'activities' | 'workflowBundle' | 'maxConcurrentActivityTaskExecutions' | 'maxCachedWorkflows'
  >,
  logger: Logger,
): Promise<RunningWorker> {
  const { NativeConnection, TransportError, Worker } = await loadWorkers()
  const { taskQueue } = options
  const onUnopened = recordUnopened(logger)
  const closing = new AbortController()
  const attempted = Promise.withResolvers<void>()
  let problem: string | undefined
  let current: Worker | undefined

  async function runOnce(): Promise<void> {
    const connection = await NativeConnection.connect({ address: target.address, ...tlsConfig(target.tls) })
    try {
      current = await Worker.create({
        ...options,
        ...unreplayable,
        connection,
        namespace: target.namespace,
        dataConverter: dataConverter(target.payloadKeys, onUnopened),
        shutdownGraceTime: '5 seconds',
        shutdownForceTime: '20 seconds',
      })
      problem = undefined
      attempted.resolve()
      const running = current.run()
      if (closing.signal.aborted) current.shutdown()
      await running
    } finally {
      current = undefined
      await connection.close().catch(() => undefined)
    }
  }

  const done = keepRunning(runOnce, {
    backoff: { first: reconnectPause, longest: reconnectPause },
    signal: closing.signal,
    onFailure(error) {
      const { message } = error as Error
      if (problem === undefined) logger.error({ err: error, taskQueue }, 'a worker does not run; starting it again')
      problem = `The worker of ${taskQueue} does not run: ${message}`
      if (error instanceof TransportError) attempted.resolve()
      else attempted.reject(error)
      return 'again'
    },
  })
  async function close(): Promise<void> {
    closing.abort()
    if (current?.getState() === 'RUNNING') current.shutdown()
    await done
  }
  try {
    await attempted.promise
  } catch (error) {
    await close()
    throw error
  }
  return { problem: () => problem, close }
}
