import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactIdentity, HashingOptions } from './artifact-store.ts'
import { onDisk } from './disk-error.ts'

// Large enough that calls cost nothing beside the hash, small enough that the event loop waits under a millisecond.
const largestChunk = 1024 * 1024
const smallestChunk = 4 * 1024

/**
 * Hashes a file from its beginning to its end. The next chunk is read while one is hashed. Memory: two chunks, which are no larger
 * than the file: memory outside V8's heap has it collect garbage, however little of it is used.
 */
export async function hashFile(file: FileHandle, options: HashingOptions = {}): Promise<ArtifactIdentity> {
  const hash = createHash('sha256')
  const chunkSize = Math.min(largestChunk, Math.max(smallestChunk, (await file.stat()).size))
  let current = Buffer.allocUnsafeSlow(chunkSize)
  let spare = Buffer.allocUnsafeSlow(chunkSize)
  let size = 0
  let reading = read(file, current, 0)
  for (;;) {
    const length = await reading
    if (length === 0) break
    options.signal?.throwIfAborted()
    options.onProgress?.()
    size += length
    const filled = current.subarray(0, length)
    ;[current, spare] = [spare, current]
    reading = read(file, current, size)
    hash.update(filled)
  }
  return { sha256: hash.digest('hex') as Sha256Digest, size }
}

/**
 * Hashes an open file of the store, which must have its digest.
 *
 * @throws ArtifactError `ARTIFACT_CORRUPT`, `ARTIFACT_STORE_UNAVAILABLE`; the signal's reason
 */
export async function verifyFile(file: FileHandle, sha256: Sha256Digest, options: HashingOptions = {}): Promise<void> {
  const actual = await onDisk('reading an artifact', () => hashFile(file, options))
  if (actual.sha256 !== sha256)
    throw new ArtifactError(
      'ARTIFACT_CORRUPT',
      `The bytes stored as ${sha256} have the SHA-256 ${actual.sha256}: they were damaged or changed on disk. Restore them from a backup.`,
    )
}

async function read(file: FileHandle, into: Buffer, position: number): Promise<number> {
  const { bytesRead } = await file.read(into, 0, into.length, position)
  return bytesRead
}
