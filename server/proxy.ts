import { checkProxy as check, startProxy } from '../proxy/index.ts'
import { readSettings } from './configuration.ts'
import { openLogger } from './logging.ts'
import { untilStopped } from './until-stopped.ts'

/** What `countersign proxy` says. */
export type ProxyCommandOptions = {
  /** The configuration of the proxy: YAML or JSON. */
  readonly config: string
}

/**
 * Runs an authentication proxy until it gets SIGINT or SIGTERM; a second signal ends it at once. SIGHUP reads its files again. The log
 * goes to standard output; of the service's settings it knows `COUNTERSIGN_LOG_LEVEL` alone.
 *
 * @throws ProxyError, ConfigurationError
 */
export async function proxy({ config }: ProxyCommandOptions): Promise<void> {
  const { COUNTERSIGN_LOG_LEVEL: level } = process.env
  const settings = readSettings({
    environment: level === undefined ? {} : { COUNTERSIGN_LOG_LEVEL: level },
    configFile: undefined,
    overrides: {},
  })
  const { logger, check: checkLog } = openLogger(settings)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const stopped = untilStopped()
  const started = await startProxy({ file: config, environment: process.env, logger, checkLog })
  process.on('SIGHUP', () => void started.reload())
  const { port, operationsPort, statementKey } = started
  logger.info({ port, operationsPort, statementKey }, 'ready')
  logger.info({ signal: await stopped }, 'stopping')
  await started.close()
}

/**
 * Reads all that a proxy would read and says what it would do (`countersign proxy --check`).
 *
 * @throws ProxyError
 */
export function checkProxy({ config }: ProxyCommandOptions): ReturnType<typeof check> {
  return check({ file: config, environment: process.env })
}
