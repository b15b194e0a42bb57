import type { FileHandle } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import type { ArtifactStore, ByteRange } from './artifact-store.ts'
import { onDisk } from './disk-error.ts'
import { verifyFile } from './hash-file.ts'
import { openStored, readOpened } from './stored-file.ts'

/** Artifacts whose check is remembered. */
const remembered = 10_000

/** Reads artifacts for those who download them. */
export type VerifiedReader = {
  /**
   * Streams bytes `start` (inclusive) to `end` (exclusive), the whole by default, of an artifact that is what its digest
   * says: it is hashed before its first byte is given out, once for as long as the file is the same. The file that was hashed
   * is the one that is read, and a file that changes meanwhile is hashed again before the last bytes are given out.
   *
   * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_STORE_UNAVAILABLE`, before the first byte or the last
   */
  read(sha256: Sha256Digest, range?: ByteRange): AsyncIterable<Uint8Array>
}

/** Makes the reader of a store. */
export function createVerifiedReader(store: Pick<ArtifactStore, 'open'>): VerifiedReader {
  const sound = new Map<Sha256Digest, string>()

  async function verify(file: FileHandle, sha256: Sha256Digest): Promise<void> {
    const before = await markOf(file)
    if (sound.get(sha256) === before) return
    await verifyFile(file, sha256)
    // What changed while it was hashed is hashed again next time.
    sound.set(sha256, before)
    if (sound.size > remembered) sound.delete(sound.keys().next().value as Sha256Digest)
  }

  return {
    async *read(sha256, range) {
      const stored = await store.open(sha256)
      const file = await openStored(stored)
      try {
        await verify(file, sha256)
        let last: Uint8Array | undefined
        for await (const chunk of readOpened(file, stored, range)) {
          if (last !== undefined) yield last
          last = chunk
        }
        await verify(file, sha256)
        if (last !== undefined) yield last
      } finally {
        await file.close()
      }
    },
  }
}

/** Differs as soon as a file is another or was written to: nobody can set the time of the last change. */
async function markOf(file: FileHandle): Promise<string> {
  const { ino, size, ctimeNs } = await onDisk('looking at an artifact', () => file.stat({ bigint: true }))
  return `${ino} ${size} ${ctimeNs}`
}
