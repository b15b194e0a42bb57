import { readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'
import { type Credentials, readCredentials } from '../../server/embedded/credentials.ts'
import { findTemporalCli } from '../../server/embedded/find-temporal-cli.js'
import { payloadKeyPath } from '../../server/embedded/index.ts'
import { prepareSoftHsm } from '../../server/embedded/softhsm.ts'
import { startTemporalProcess } from '../../server/embedded/start-temporal.ts'
import { freePort, type TemporalProcess } from '../../server/embedded/temporal-process.ts'
import { startTimeStampAuthority } from '../../server/embedded/time-stamp-authority.ts'
import { prepareTimeStampAuthority } from '../../server/embedded/time-stamp-authority-identity.ts'
import { type ServiceEnvironment, type ServiceProcess, startRoles } from './service-processes.ts'
import { startTimeStampGate, type TimeStampGate } from './time-stamp-gate.ts'

/** What can be killed by itself. */
export type Part = 'api' | 'worker' | 'signer' | 'projector' | 'temporal'

const roles = ['projector', 'worker', 'signer', 'api'] as const

/**
 * The service as four processes of one role each, with a Temporal server, on one data directory that holds the demo
 * organization; and a time-stamp authority behind a gate.
 */
export type SplitService = {
  readonly url: string
  readonly credentials: Credentials
  readonly gate: TimeStampGate
  /** The same log, opened by the test. */
  readonly log: EventLog
  /** PEM files for verifiers. */
  readonly timeStampRoot: string
  /** Settings for commands that run on the server. */
  readonly environment: ServiceEnvironment
  /** Settings of a process of a role. */
  readonly environmentOf: (role: Exclude<Part, 'temporal'>) => ServiceEnvironment
  /** Where a process answers `/health/…`. */
  readonly urlOf: (role: Exclude<Part, 'temporal'>) => string
  readonly pidOf: (role: Exclude<Part, 'temporal'>) => number
  /** `kill -9`. */
  readonly kill: (part: Part) => Promise<void>
  readonly start: (part: Part) => Promise<void>
  /** Starts a second process of a role beside the first, and answers the first. */
  readonly startAnother: (role: Exclude<Part, 'temporal'>) => Promise<ServiceProcess>
  /** Resolves when a role has ended by itself. */
  readonly ended: (role: Exclude<Part, 'temporal'>) => ReturnType<ServiceProcess['end']>
  /** Ends one role in good order; answers how it ended. */
  readonly stop: (role: Exclude<Part, 'temporal'>) => ReturnType<ServiceProcess['end']>
  /** Removes Temporal's database, while the server is away. */
  readonly loseTemporalDatabase: () => void
  readonly close: () => Promise<void>
}

/** Runs the time-stamp authority of a data directory in this process, behind a gate. */
export async function startGatedAuthority(data: string): Promise<{
  readonly gate: TimeStampGate
  /** A PEM file, for verifiers. */
  readonly timeStampRoot: string
  readonly closeGate: () => Promise<void>
}> {
  const identity = await prepareTimeStampAuthority({ dataDirectory: data })
  const authority = await startTimeStampAuthority(identity)
  const gate = await startTimeStampGate(authority.url)
  return {
    gate,
    timeStampRoot: identity.rootCertificatePath,
    async closeGate() {
      await gate.close()
      await authority.close()
    },
  }
}

/**
 * Starts it on a data directory that `makeDemo` has prepared.
 *
 * @param more what each process of a role is started with, besides what it needs
 */
export async function startSplitService(
  data: string,
  more: { readonly nodeArguments?: readonly string[]; readonly environment?: ServiceEnvironment } = {},
): Promise<SplitService> {
  const credentials = await readCredentials(data)
  if (credentials === undefined) throw new Error(`There is no demo organization in ${data}.`)
  const token = await prepareSoftHsm({ dataDirectory: data })
  const { gate, timeStampRoot, closeGate } = await startGatedAuthority(data)
  const log = await openSqliteEventLog({ path: join(data, 'event-log.db') })
  const [temporalPort, apiPort] = [await freePort(), await freePort()]

  const environment: ServiceEnvironment = {
    ...more.environment,
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_HEALTH_DETAILS: 'everyone',
    COUNTERSIGN_TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    COUNTERSIGN_PAYLOAD_KEY: (await readFile(payloadKeyPath(data), 'utf8')).trim(),
  }
  const signerEnvironment: ServiceEnvironment = {
    COUNTERSIGN_PKCS11_MODULE: token.modulePath,
    COUNTERSIGN_PKCS11_TOKEN: token.tokenLabel,
    COUNTERSIGN_PKCS11_PIN: token.pin,
    COUNTERSIGN_TIMESTAMP_URLS: gate.url,
    SOFTHSM2_CONF: token.configPath,
  }
  const temporalFolder = join(data, 'temporal')
  const processes = new Map<Part, ServiceProcess>()
  const others: ServiceProcess[] = []
  let temporal: TemporalProcess | undefined
  let closed = false

  function environmentOf(role: Exclude<Part, 'temporal'>): ServiceEnvironment {
    return { ...environment, ...(role === 'signer' ? signerEnvironment : {}) }
  }

  async function start(part: Part): Promise<void> {
    if (part === 'temporal') {
      temporal = await startTemporal(temporalFolder, temporalPort)
    } else {
      const port = part === 'api' ? apiPort : 0
      const settings = { ...environmentOf(part), COUNTERSIGN_PORT: String(port) }
      processes.set(part, await startRoles(part, settings, undefined, more.nodeArguments))
    }
    // A test that failed while this started must not leave it behind.
    if (closed) await endAll()
  }

  async function kill(part: Part): Promise<void> {
    if (part !== 'temporal') {
      await running(part).end('SIGKILL')
      return
    }
    if (temporal === undefined) throw new Error('Temporal does not run')
    process.kill(temporal.pid, 'SIGKILL')
    await temporal.exited
  }

  function running(part: Part): ServiceProcess {
    const found = processes.get(part)
    if (found === undefined) throw new Error(`${part} does not run`)
    return found
  }

  async function endAll(): Promise<void> {
    await Promise.allSettled([...processes.values(), ...others].map((each) => each.end('SIGKILL')))
    await temporal?.stop()
  }

  async function close(): Promise<void> {
    closed = true
    gate.open()
    await endAll()
    await closeGate()
    await log.close()
  }

  try {
    await start('temporal')
    await Promise.all(roles.map(start))
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: running('api').url,
    credentials,
    gate,
    log,
    timeStampRoot,
    environment,
    environmentOf,
    urlOf: (role) => running(role).url,
    pidOf: (role) => running(role).pid,
    kill,
    start,
    async startAnother(role) {
      const first = running(role)
      others.push(first)
      await start(role)
      return first
    },
    ended: (role) => running(role).ended,
    stop: (role) => running(role).end('SIGTERM'),
    loseTemporalDatabase() {
      for (const name of readdirSync(temporalFolder))
        if (name.startsWith(temporalDatabase)) rmSync(join(temporalFolder, name))
    },
    close,
  }
}

const temporalDatabase = 'temporal.db'

function startTemporal(folder: string, port: number): Promise<TemporalProcess> {
  const cliPath = findTemporalCli(process.env)?.path
  if (cliPath === undefined) throw new Error('There is no Temporal server; npm test gets it (scripts/bootstrap.mjs)')
  return startTemporalProcess({
    cliPath,
    folder,
    databaseName: temporalDatabase,
    port,
    logger: pino({ level: 'silent' }),
    onSpawned: async () => undefined,
  })
}
