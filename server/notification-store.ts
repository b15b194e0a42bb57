import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from 'pino'
import {
  type NotificationStore,
  openPostgresNotificationStore,
  openSqliteNotificationStore,
} from '../notifications/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'

/**
 * Opens the store of notifications that the settings name, by default SQLite in the data directory. Opening does not wait for a
 * database that is away.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export async function openNotificationStore(settings: Settings, logger: Logger): Promise<NotificationStore> {
  const address = settings.notificationStore ?? `sqlite:${dataPath(settings, 'notifications.db')}`
  if (address.startsWith('sqlite:')) {
    const path = address.slice('sqlite:'.length)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqliteNotificationStore(path)
  }
  return openPostgresNotificationStore({
    ...postgresAddress(settings, 'notificationStore', address),
    onConnectionLost: (error) => logger.warn({ err: error }, 'a connection of the store of notifications was lost'),
  })
}
