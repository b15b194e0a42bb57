import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ArtifactReader, Uploads } from '../application/index.ts'
import { type ArtifactStore, createUploads, openFolderStore, openUploadRegistry } from '../artifacts/index.ts'
import { type EventLog, openEventStoreDb, openSqliteEventLog } from '../event-log/index.ts'
import { dataPath, type Settings } from './configuration.ts'

/** Opens the event log that the settings name; by default SQLite in the data directory. */
export async function openEventLog(settings: Settings): Promise<EventLog> {
  const address = settings.eventLog ?? `sqlite:${dataPath(settings, 'event-log.db')}`
  if (!address.startsWith('sqlite:')) return openEventStoreDb({ connectionString: address })
  const path = address.slice('sqlite:'.length)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
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
    reader: {
      async *read(sha256, range) {
        yield* (await store.open(sha256)).read(range)
      },
    },
    async close() {
      clearInterval(expiry)
      await store.close()
    },
  }
}
