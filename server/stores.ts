import { join } from 'node:path'
import type { Logger } from 'pino'
import type { ArtifactReader } from '../application/index.ts'
import {
  type ArtifactStore,
  createUploads,
  createVerifiedReader,
  openFolderStore,
  openSignerScratch,
  openUploadRegistry,
  type SignerScratch,
  type UploadRegistry,
  type Uploads,
} from '../artifacts/index.ts'
import { dataPath, type Settings } from './configuration.ts'

/** The artifact store, and what use cases see of it. */
export type Artifacts = {
  /** Where the store is. */
  readonly path: string
  readonly store: ArtifactStore
  readonly registry: UploadRegistry
  readonly uploads: Uploads
  readonly reader: ArtifactReader
  readonly close: () => Promise<void>
}

/** Opens the signer's scratch folder that the settings name; by default a folder in the data directory. */
export function openScratch(settings: Settings): Promise<SignerScratch> {
  const path = settings.signerScratch ?? dataPath(settings, 'signer-scratch')
  return openSignerScratch({ path, outside: artifactsPath(settings) })
}

/** Where the artifact store is. */
export function artifactsPath(settings: Settings): string {
  return settings.artifacts ?? dataPath(settings, 'artifacts')
}

/** The most bytes of an uploaded file. */
export function maximumUploadSize({ maximumArtifactSize, sourceLimits }: Settings): number {
  return Math.min(maximumArtifactSize, sourceLimits.uploadedFile ?? maximumArtifactSize)
}

/** Between two removals of uploads that have expired, in milliseconds. */
const expiryPauseMs = 10 * 60_000

/** Opens the artifact store that the settings name; by default a folder in the data directory. */
export async function openArtifacts(settings: Settings, logger: Pick<Logger, 'error'>): Promise<Artifacts> {
  const path = artifactsPath(settings)
  const store = await openFolderStore({ path, maximumSize: settings.maximumArtifactSize })
  const registry = await openUploadRegistry({
    path: join(path, 'uploads'),
    now: () => new Date(),
    lifetimeMs: settings.uploadLifetime * 3_600_000,
    quotas: { user: settings.uploadQuotaUser, organization: settings.uploadQuotaOrganization },
  }).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  const onError = (error: unknown) => logger.error({ err: error }, 'uploads that have expired could not be removed')
  const expiry = setInterval(() => void registry.expire().catch(onError), expiryPauseMs)
  expiry.unref()
  return {
    path,
    store,
    registry,
    uploads: createUploads({ store, registry, maximumSize: maximumUploadSize(settings) }),
    reader: createVerifiedReader(store),
    async close() {
      clearInterval(expiry)
      registry.close()
      await store.close()
    },
  }
}
