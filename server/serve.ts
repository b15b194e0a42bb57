import { access, constants, mkdir } from 'node:fs/promises'
import { dataPath, type Role, readSettings, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { startEmbedded } from './embedded/index.ts'
import { openLogger } from './logging.ts'
import { startService } from './service.ts'
import { logTemporalTo } from './temporal.ts'

/** What `countersign serve` and `npm start` say. */
export type ServeOptions = {
  /** Comma-separated; without any, in settings neither, everything starts on this machine. */
  readonly roles?: string | undefined
  readonly configFile?: string | undefined
  /** Whether a new embedded data directory gets the demo organization. */
  readonly demo: boolean
}

/**
 * Runs the service until it is told to stop (SIGINT, SIGTERM); a second signal ends it at once.
 *
 * @returns when everything is closed
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
  if (settings.roles === undefined) await serveEmbedded(settings, options.demo, stopped)
  else await serveRoles(settings, settings.roles, stopped)
}

async function serveRoles(settings: Settings, roles: readonly Role[], stopped: Promise<string>): Promise<void> {
  const logger = openLogger(settings)
  logTemporalTo(logger)
  const service = await startService({ settings, roles, logger })
  logger.info({ url: service.url, roles }, 'ready')
  logger.info({ signal: await stopped }, 'stopping')
  await service.close()
}

async function serveEmbedded(settings: Settings, demo: boolean, stopped: Promise<string>): Promise<void> {
  await makeDataDirectory(settings.data)
  const logFile = dataPath(settings, 'countersign.log')
  const logger = openLogger(settings, logFile)
  logTemporalTo(logger)
  const begin = performance.now()
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const service = await startEmbedded({
    settings,
    demo,
    logger,
    report: (step) => say(`  ${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${step}`),
  })
  const { url, checked, credentialsFile } = service
  if (checked !== undefined)
    say(`
Self-check passed. The signed file: ${checked.signedFile}
Verify it without us:
  osslsigncode verify -CAfile ${checked.certificateFile} -TSA-CAfile ${checked.timeStampRoot} -in ${checked.signedFile}`)
  say(`
Countersign is ready: ${url}/graphql   (log: ${logFile}${credentialsFile === undefined ? '' : `; tokens: ${credentialsFile}`})
Sign something:  npx countersign sign FILE --project demo --policy test-signing --out SIGNED
Stop: Ctrl-C`)
  await stopped
  say('Stopping …')
  await service.close()
  say('Stopped.')
}

/** For its owner alone. */
async function makeDataDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await access(path, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new ConfigurationError(
      'DATA_DIRECTORY_UNUSABLE',
      `The data directory ${path} cannot be used: ${(cause as Error).message}. Set COUNTERSIGN_DATA to a folder that this user may write to.`,
      { cause },
    )
  }
}

function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (asked) process.exit(130)
        asked = true
        resolve(signal)
      })
  })
}
