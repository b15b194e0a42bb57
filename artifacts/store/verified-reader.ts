import { stat } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import type { ArtifactStore, ByteRange } from './artifact-store.ts'
import { onDisk } from './disk-error.ts'

/** Artifacts whose check is remembered. */
const remembered = 10_000

/** Reads artifacts for those who download them. */
export type VerifiedReader = {
  /**
   * Streams bytes `start` (inclusive) to `end` (exclusive), the whole by default, of an artifact that is what its digest
   * says: it is hashed before its first byte is given out, once for as long as the file is the same.
   *
   * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_STORE_UNAVAILABLE`, before the first byte
   */
  read(sha256: Sha256Digest, range?: ByteRange): AsyncIterable<Uint8Array>
}

/** Makes the reader of a store. */
export function createVerifiedReader(store: ArtifactStore): VerifiedReader {
  const sound = new Map<Sha256Digest, string>()

  async function verify(sha256: Sha256Digest, path: string): Promise<void> {
    const before = await markOf(path)
    if (sound.get(sha256) === before) return
    await store.verify(sha256)
    // What changed while it was hashed is hashed again next time.
    sound.set(sha256, before)
    if (sound.size > remembered) sound.delete(sound.keys().next().value as Sha256Digest)
  }

  return {
    async *read(sha256, range) {
      const stored = await store.open(sha256)
      await verify(sha256, stored.path)
      yield* stored.read(range)
    },
  }
}

/** Differs as soon as a file is another or was written to: nobody can set the time of the last change. */
async function markOf(path: string): Promise<string> {
  const { ino, size, ctimeNs } = await onDisk('looking at an artifact', () => stat(path, { bigint: true }))
  return `${ino} ${size} ${ctimeNs}`
}
