import { pause } from '../retry/index.ts'
import { dataPath, type Role, readSettings, type Settings } from './configuration.ts'
import { openLogger } from './logging.ts'
import { prepareDataDirectory } from './private-files.ts'
import { type Service, startService } from './service.ts'
import { logTemporalTo } from './temporal.ts'
import { untilStopped } from './until-stopped.ts'
import { checkStart } from './write-check.ts'

/** What `countersign serve` and `npm start` say. */
export type ServeOptions = {
  /** Comma-separated; without any, in settings neither, everything starts on this machine. */
  readonly roles?: string | undefined
  readonly configFile?: string | undefined
  /** Whether a new embedded data directory gets the demo organization. */
  readonly demo: boolean
}

/** How long a start that is to stop may take until it is over and closed, in milliseconds. Then the process ends without it. */
const stopWhileStartingMs = 10_000

/**
 * Runs the service until it gets SIGINT or SIGTERM; a second signal ends it at once. A signal while it starts ends it, too:
 * as soon as the start is over and closed, or after ten seconds: whatever is half made then, the next start finds as after
 * a crash.
 *
 * @returns when everything is closed, or the start is given up: the process is to end then
 * @throws ConfigurationError, EmbeddedStartError, and what `startService` throws
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { roles, configFile } = options
  const settings = readSettings({
    environment: process.env,
    configFile,
    overrides: roles === undefined ? {} : { roles },
  })
  const stopped = untilStopped()
  // Who read what is said here may be gone, or its disk full; the service stays.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  if (settings.roles === undefined) await serveEmbedded(settings, options.demo, stopped)
  else await serveRoles(settings, settings.roles, stopped)
}

async function serveRoles(settings: Settings, roles: readonly Role[], stopped: Promise<string>): Promise<void> {
  const { logger, check } = openLogger(settings)
  if (roles.includes('worker') || roles.includes('signer')) await logTemporalTo(logger)
  const service = await unlessStopped(startService({ settings, roles, logger, checks: { log: check } }), stopped)
  if (service === undefined) return
  logger.info({ url: service.url, roles }, 'ready')
  logger.info({ signal: await stopped }, 'stopping')
  await service.close()
}

async function serveEmbedded(settings: Settings, demo: boolean, stopped: Promise<string>): Promise<void> {
  // Whatever is made below, by libraries and children too, is for its owner alone.
  process.umask(0o077)
  const { closed } = await prepareDataDirectory(settings.data)
  await checkStart(settings.data)
  const logFile = dataPath(settings, 'countersign.log')
  const { logger, check } = openLogger(settings, logFile)
  await logTemporalTo(logger)
  const begin = performance.now()
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  if (closed) say(`  The data directory ${settings.data} was open to others; it is closed now (0700).`)
  const { startEmbedded } = await import('./embedded/index.ts')
  const starting = startEmbedded({
    settings,
    demo,
    logger,
    checks: { log: check },
    report: (step) => say(`  ${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${step}`),
  })
  const service = await unlessStopped(starting, stopped)
  if (service === undefined) return say('Stopped while starting.')
  const { url, checked, credentialsFile, next } = service
  if (checked !== undefined)
    say(`
Self-check passed. The signed file: ${checked.signedFile}
Verify it without us:
  osslsigncode verify -CAfile ${checked.certificateFile} -TSA-CAfile ${checked.timeStampRoot} -in ${checked.signedFile}`)
  say(`
Countersign is ready: ${url}/graphql   (log: ${logFile}${credentialsFile === undefined ? '' : `; tokens: ${credentialsFile}`})
${next}
Stop: Ctrl-C`)
  await stopped
  say('Stopping …')
  await service.close()
  say('Stopped.')
}

/**
 * Waits for a start. When the process is to stop meanwhile, what was started is closed.
 *
 * @returns `undefined` when the process is to stop
 * @throws what the start throws, unless the process is to stop anyway
 */
async function unlessStopped<Started extends Pick<Service, 'close'>>(
  starting: Promise<Started>,
  stopped: Promise<string>,
): Promise<Started | undefined> {
  const started = await Promise.race([starting, stopped.then(() => undefined)])
  if (started !== undefined) return started
  const isOver = new AbortController()
  const closed = starting
    .then((late) => late.close())
    .catch(() => undefined)
    .finally(() => isOver.abort())
  await Promise.race([closed, pause(stopWhileStartingMs, isOver.signal)])
  return undefined
}
