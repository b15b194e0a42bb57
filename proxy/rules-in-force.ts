import type { Logger } from 'pino'
import { type KnownLists, type LoadedConfiguration, loadConfiguration, type ReadFiles } from './config/load.ts'
import type { Metrics } from './metrics.ts'
import type { PartState } from './operations.ts'
import { ProxyError } from './proxy-error.ts'
import { type WatchPace, watchFiles } from './watch-files.ts'

/** The configuration that holds, as its files are now. */
export type RulesInForce = {
  readonly current: () => LoadedConfiguration
  /** Reads the files again. What cannot be taken over leaves everything as it is, and is said. */
  readonly reload: () => Promise<void>
  readonly state: () => PartState
  readonly close: () => void
}

/** What the proxy is set up from. */
export type ConfigurationSource = {
  readonly file: string
  /** Where tokens may be. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Reads the configuration and keeps to its files from then on.
 *
 * @param takenOver called after each change that was taken over
 * @throws ProxyError what {@link loadConfiguration} throws
 */
export async function keepRules(
  { file, environment }: ConfigurationSource,
  options: {
    readonly logger: Logger
    readonly metrics: Metrics
    readonly takenOver: (loaded: LoadedConfiguration) => Promise<void>
    readonly pace?: WatchPace | undefined
  },
): Promise<RulesInForce> {
  const { logger, metrics, takenOver, pace } = options
  const lists: KnownLists = new Map()
  let files: ReadFiles = new Map()
  let current = await loadConfiguration(file, environment, lists, files)
  let trouble: string | undefined
  let loadedAt = new Date()
  let reading: Promise<void> | undefined
  let isAskedAgain = false
  const watch = watchFiles(() => void reload(), pace)
  watch.follow(files)

  async function readOnce(): Promise<void> {
    const read: ReadFiles = new Map()
    try {
      const next = await loadConfiguration(file, environment, lists, read)
      warnOfFixedSettings(current, next)
      current = next
      await takenOver(next)
      files = read
      trouble = undefined
      loadedAt = new Date()
      metrics.count('reloads', { outcome: 'taken over' })
      logger.info({ files: read.size, ruleSets: next.ruleSets.map(({ name }) => name) }, 'files were read again')
    } catch (error) {
      const code = error instanceof ProxyError ? error.code : 'PROXY_FAULT'
      trouble = `${code}: ${(error as Error).message}`
      metrics.count('reloads', { outcome: 'refused' })
      logger.error(
        { code, reason: (error as Error).message },
        'files changed and cannot be taken over; what was read before stays',
      )
    } finally {
      // Those of before, too: what is missing now may come back.
      watch.follow(new Map([...files, ...read]))
    }
  }

  function warnOfFixedSettings(before: LoadedConfiguration, next: LoadedConfiguration): void {
    const fixed = ({ configuration, statementKeyFile, serviceAuthorities }: LoadedConfiguration) => {
      const { listen, operations, service, limits } = configuration
      return { listen, operations, service, limits, statementKeyFile, serviceAuthorities }
    }
    const [old, wanted] = [Object.entries(fixed(before)), fixed(next)]
    const changed = old.filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(wanted[name as keyof typeof wanted]),
    )
    if (changed.length > 0)
      logger.warn(
        { code: 'PROXY_RESTART_NEEDED', settings: changed.map(([name]) => name) },
        'settings changed that are only read at the start',
      )
  }

  async function reload(): Promise<void> {
    isAskedAgain = true
    reading ??= (async () => {
      while (isAskedAgain) {
        isAskedAgain = false
        await readOnce()
      }
      reading = undefined
    })()
    await reading
  }

  return {
    current: () => current,
    reload,
    state: () =>
      trouble === undefined
        ? { status: 'up', loadedAt: loadedAt.toISOString() }
        : { status: 'down', loadedAt: loadedAt.toISOString(), reason: trouble },
    close: watch.close,
  }
}
