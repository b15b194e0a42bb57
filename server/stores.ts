import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ArtifactReader, Uploads } from '../application/index.ts'
import {
  type ArtifactStore,
  createUploads,
  createVerifiedReader,
  openFolderStore,
  openUploadRegistry,
} from '../artifacts/index.ts'
import { type EventLog, openEventStoreDb, openSqliteEventLog, upcasters, withUpcasters } from '../event-log/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { keepPrivate } from './private-files.ts'

/**
 * Opens the event log that the settings name; by default SQLite in the data directory.
 *
 * @param options.create whether a file that is not there is made; a service begins with it, a command only reads it
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND` when it is not to be made and is not there
 */
export async function openEventLog(settings: Settings, options: { readonly create?: boolean } = {}): Promise<EventLog> {
  return withUpcasters(await openStoredLog(settings, options), upcasters)
}

async function openStoredLog(settings: Settings, { create = true }: { readonly create?: boolean }): Promise<EventLog> {
  const address = settings.eventLog ?? `sqlite:${dataPath(settings, 'event-log.db')}`
  if (!address.startsWith('sqlite:')) return openEventStoreDb({ connectionString: address })
  const path = address.slice('sqlite:'.length)
  if (!create && !existsSync(path))
    throw new ConfigurationError(
      'EVENT_LOG_NOT_FOUND',
      `There is no event log ${path}. Run this where the service runs, or name its data directory by COUNTERSIGN_DATA or its log by COUNTERSIGN_EVENT_LOG.`,
    )
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await keepPrivate(path)
  return openSqliteEventLog({ path })
}

/** The artifact store, and what use cases see of it. */
export type Artifacts = {
  readonly store: ArtifactStore
  readonly uploads: Uploads
  readonly reader: ArtifactReader
  readonly close: () => Promise<void>
}

/** Opens the artifact store that the settings name; by default a folder in the data directory. */
export async function openArtifacts(settings: Settings): Promise<Artifacts> {
  const path = settings.artifacts ?? dataPath(settings, 'artifacts')
  const store = await openFolderStore({ path, maximumSize: settings.maximumArtifactSize })
  const registry = await openUploadRegistry({ path: join(path, 'uploads'), store, now: () => new Date() })
  const expiry = setInterval(() => void registry.expire().catch(() => undefined), 60 * 60 * 1000)
  expiry.unref()
  return {
    store,
    uploads: createUploads({ store, registry }),
    reader: createVerifiedReader(store),
    async close() {
      clearInterval(expiry)
      await store.close()
    },
  }
}
