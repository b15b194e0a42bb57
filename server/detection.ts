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
import { followingNotice } from './following-notice.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'

/** Detection at work in this process. */
export type ServiceDetection = {
  /** For readiness: why unusual activity is not looked for now. A notice, and not a part that is down: everything else goes on. */
  readonly notice: () => string | undefined
  readonly close: () => Promise<void>
}

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
    notice: () =>
      followingNotice(detection, {
        standsStill: 'Unusual activity is not looked for now',
        isLate: 'Looking for unusual activity has been',
      }),
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
