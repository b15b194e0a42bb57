import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { type LoadedConfiguration, loadConfiguration } from './config/load.ts'
import { openServiceClient, type ServiceClient } from './forwarding/service-client.ts'
import { openMetrics } from './metrics.ts'
import { createNodeServer, secureContextOf } from './node-server.ts'
import { watchNodes } from './nodes.ts'
import { createOperationsServer, gaugesOf, type PartState, type ProxyHealth, revocationState } from './operations.ts'
import { ProxyError } from './proxy-error.ts'
import { fetchBytes } from './revocation/fetch-bytes.ts'
import { openOcspClient } from './revocation/ocsp-client.ts'
import { type ConfigurationSource, keepRules } from './rules-in-force.ts'
import { openStatementKey, type StatementKey } from './statement-key.ts'
import type { WatchPace } from './watch-files.ts'

/** A proxy that runs. */
export type AuthenticationProxy = {
  /** Where nodes connect to, and where health and metrics are. */
  readonly port: number
  readonly operationsPort: number
  readonly statementKey: Pick<StatementKey, 'keyId' | 'publicKey'>
  /** Reads all files again, as a change of them does. */
  readonly reload: () => Promise<void>
  /** Takes no more connections, and waits for what is under way, but not for ever. */
  readonly close: () => Promise<void>
}

/** What a proxy needs besides its configuration. */
export type ProxyOptions = ConfigurationSource & {
  readonly logger: Logger
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
  readonly pace?: WatchPace
  /** Whether lines of the log get to where they go; throws the reason why not. */
  readonly checkLog?: () => Promise<unknown>
}

/** Milliseconds: open connections are judged anew without a request so often; for so long a stop waits for requests; an answer of the service to the question whether it is there holds so long. */
const times = { reconsider: 30_000, farewell: 10_000, healthFresh: 5_000, healthTimeout: 3_000 }

/**
 * Starts a proxy.
 *
 * @throws ProxyError what is wrong with its files; `PROXY_ADDRESS_UNAVAILABLE` when it cannot listen
 */
export async function startProxy(options: ProxyOptions): Promise<AuthenticationProxy> {
  const { logger, now = Date.now, pace } = options
  const metrics = openMetrics()
  let server: ReturnType<typeof createNodeServer> | undefined
  const takenOver = async (loaded: LoadedConfiguration) => {
    // Files can change before there is a server, which is then made with the new ones.
    if (server === undefined) return
    server.setSecureContext(secureContextOf(loaded))
    await reconsider()
  }
  const rules = await keepRules(options, { logger, metrics, takenOver, pace })
  const { configuration, serviceAuthorities, statementKeyFile } = rules.current()
  const nodes = watchNodes(rules.current, openOcspClient(fetchBytes, now), now)
  const statementKey = await openStatementKey(statementKeyFile)
  const { keyId, publicKey } = statementKey
  const service = openServiceClient(
    configuration.service.url,
    serviceAuthorities,
    configuration.limits.idleSeconds * 1_000,
  )
  const nodeServer = createNodeServer({ loaded: rules.current(), nodes, logger, metrics, service, statementKey, now })

  server = nodeServer

  async function reconsider(): Promise<void> {
    const cut = await nodes.reconsider()
    if (cut === 0) return
    metrics.count('cut_connections', {}, cut)
    logger.warn({ connections: cut }, 'connections were cut whose nodes are not accepted any more')
  }
  const askService = healthOfService(service)
  const operations = createOperationsServer({
    metrics,
    gauges: () => gaugesOf(rules.current(), nodes.count()),
    async health(): Promise<ProxyHealth> {
      const parts = {
        configuration: rules.state(),
        revocation: revocationState(rules.current(), now()),
        service: await askService(),
        ...(options.checkLog !== undefined && { log: await outcomeOf(options.checkLog) }),
      }
      return { status: Object.values(parts).every(({ status }) => status === 'up') ? 'up' : 'down', parts }
    },
  })
  const timer = setInterval(
    () =>
      void reconsider().catch((error: unknown) => logger.error({ err: error }, 'connections could not be judged anew')),
    times.reconsider,
  )
  timer.unref()
  async function close(): Promise<void> {
    clearInterval(timer)
    rules.close()
    await Promise.all([closed(nodeServer), closed(operations)])
    await service.close()
  }
  try {
    await listen(operations, configuration.operations)
    await listen(nodeServer, configuration.listen)
  } catch (error) {
    await close()
    throw error
  }
  return {
    port: (nodeServer.address() as AddressInfo).port,
    operationsPort: (operations.address() as AddressInfo).port,
    statementKey: { keyId, publicKey },
    reload: rules.reload,
    close,
  }
}

/**
 * Reads everything that a proxy would read, and makes the key of statements where there is none yet.
 *
 * @throws ProxyError what is wrong with its files
 */
export async function checkProxy({ file, environment }: ConfigurationSource) {
  const { ruleSets, statementKeyFile } = await loadConfiguration(file, environment, new Map(), new Map())
  const { keyId, publicKey } = await openStatementKey(statementKeyFile)
  return {
    statementKey: { keyId, publicKey },
    ruleSets: ruleSets.map(({ name, trustedBuildSystemId }) => ({ name, trustedBuildSystemId })),
  }
}

function healthOfService({ statusOf }: ServiceClient): () => Promise<PartState> {
  let known: { readonly state: PartState; readonly at: number } | undefined
  const once = async (): Promise<PartState> =>
    outcomeOf(async () => {
      const status = await statusOf('/Api/v1/Meta/SystemInfo', AbortSignal.timeout(times.healthTimeout))
      if (status !== 200) throw new Error(`the service answers with HTTP ${status}`)
    })
  return async () => {
    if (known === undefined || performance.now() - known.at > times.healthFresh)
      known = { state: await once(), at: performance.now() }
    return known.state
  }
}

async function outcomeOf(check: () => Promise<unknown>): Promise<PartState> {
  try {
    await check()
    return { status: 'up' }
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    return { status: 'down', reason: code === undefined ? message : `${code}: ${message}` }
  }
}

async function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ProxyError('PROXY_ADDRESS_UNAVAILABLE', `The proxy cannot listen on ${host}, port ${port} (${code}).`)
  }
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  const timer = setTimeout(() => server.closeAllConnections(), times.farewell)
  const closing = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  await closing
  clearTimeout(timer)
}
