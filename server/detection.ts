import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from 'pino'
import {
  type ActivityStore,
  openPostgresActivityStore,
  openSqliteActivityStore,
  startDetection,
} from '../detection/index.ts'
import type { Instant } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'

/** Detection at work in this process. */
export type ServiceDetection = {
  /** For readiness: why unusual activity is not looked for now. A notice, and not a part that is down: everything else goes on. */
  readonly notice: () => string | undefined
  readonly close: () => Promise<void>
}

/** After which it is said that detection has not caught up with the log, in milliseconds. */
const noticeableLagMs = 600_000

/**
 * Looks for unusual activity. What is usual is kept in the database that the settings name, by default SQLite in the data
 * directory. Opening does not wait for a database that is away.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export async function openDetection(options: {
  readonly settings: Settings
  readonly log: EventLog
  readonly now: () => Instant
  readonly logger: Logger
  /** What comes first; detection begins when it is over. */
  readonly after: (signal: AbortSignal) => Promise<unknown>
}): Promise<ServiceDetection> {
  const { settings, log, now, logger, after } = options
  const store = await openActivityStore(settings, logger)
  const detection = startDetection({
    log,
    store,
    now,
    after,
    onStatus(status) {
      if (status.state === 'waiting' || status.state === 'failed')
        logger.error(status, 'unusual activity is not looked for now')
    },
    onPassedOver: ({ streamId, revision }, error) =>
      logger.warn({ err: error, streamId, revision }, 'an event cannot be judged'),
  })
  return {
    notice() {
      const status = detection.status()
      if (status.state === 'waiting' || status.state === 'failed')
        return `Unusual activity is not looked for now: ${status.code}: ${status.message}`
      const behindMs = detection.behindMs()
      if (behindMs < noticeableLagMs) return undefined
      return `Looking for unusual activity has been behind the event log for ${Math.round(behindMs / 60_000)} minutes.`
    },
    async close() {
      await detection.close()
      await store.close()
    },
  }
}

async function openActivityStore(settings: Settings, logger: Logger): Promise<ActivityStore> {
  const address = settings.activityStore ?? `sqlite:${dataPath(settings, 'activity.db')}`
  if (address.startsWith('sqlite:')) {
    const path = address.slice('sqlite:'.length)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqliteActivityStore(path)
  }
  return openPostgresActivityStore({
    ...postgresAddress(settings, 'activityStore', address),
    onConnectionLost: (error) => logger.warn({ err: error }, 'a connection of the store of usual activity was lost'),
  })
}
