import { parseFileName, type UserId } from '../../domain/index.ts'
import type { ArtifactStore } from './artifact-store.ts'
import type { Upload, UploadRegistry } from './upload-registry.ts'

/** Takes artifacts in for later submissions. */
export interface Uploads {
  /**
   * Stores the bytes of a user's artifact and remembers whose they are.
   *
   * @throws Refusal `FILE_NAME_MALFORMED`, before a byte is read; ArtifactError as `ArtifactStore.put` does
   */
  receive(input: {
    readonly userId: UserId
    readonly fileName: string
    readonly bytes: AsyncIterable<Uint8Array>
  }): Promise<Upload>
  /** The user's upload of this id. @throws ArtifactError `UPLOAD_NOT_FOUND` */
  find(uploadId: string, userId: UserId): Promise<Upload>
}

/** Puts a store and a registry together: what is remembered is in the store already. */
export function createUploads(options: {
  readonly store: Pick<ArtifactStore, 'put'>
  readonly registry: Pick<UploadRegistry, 'register' | 'find'>
}): Uploads {
  const { store, registry } = options
  return {
    async receive({ userId, fileName, bytes }) {
      const name = parseFileName(fileName)
      const { sha256, size } = await store.put(bytes)
      return registry.register({ userId, fileName: name, sha256, size })
    },
    find: (uploadId, userId) => registry.find(uploadId, userId),
  }
}
