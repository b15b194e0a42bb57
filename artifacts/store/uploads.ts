import { parseFileName, type UserId } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { tooLarge } from './receive-file.ts'
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
  /**
   * Says whether so many bytes of a user would be taken now.
   *
   * @throws ArtifactError `UPLOAD_EMPTY`, `ARTIFACT_TOO_LARGE`
   */
  admit(input: { readonly userId: UserId; readonly size: number }): Promise<void>
  /** The user's upload of this id. @throws ArtifactError `UPLOAD_NOT_FOUND` */
  find(uploadId: string, userId: UserId): Promise<Upload>
}

/** Puts a store and a registry together: what is remembered is in the store already. */
export function createUploads(options: {
  readonly store: Pick<ArtifactStore, 'put' | 'maximumSize'>
  readonly registry: Pick<UploadRegistry, 'register' | 'find'>
}): Uploads {
  const { store, registry } = options
  return {
    async receive({ userId, fileName, bytes }) {
      const name = parseFileName(fileName)
      const { sha256, size } = await store.put(bytes)
      return registry.register({ userId, fileName: name, sha256, size })
    },
    async admit({ size }) {
      if (size === 0) throw new ArtifactError('UPLOAD_EMPTY', 'The file has no bytes: there is nothing in it to sign.')
      if (size > store.maximumSize) throw tooLarge(store.maximumSize)
    },
    find: (uploadId, userId) => registry.find(uploadId, userId),
  }
}
