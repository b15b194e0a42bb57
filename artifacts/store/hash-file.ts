import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import type { ArtifactIdentity, HashingOptions } from './artifact-store.ts'

// Large enough that calls cost nothing beside the hash, small enough that the event loop waits under a millisecond.
const chunkSize = 1024 * 1024

/** Hashes a file from its beginning to its end. The next chunk is read while one is hashed. Memory: two chunks. */
export async function hashFile(file: FileHandle, options: HashingOptions = {}): Promise<ArtifactIdentity> {
  const hash = createHash('sha256')
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

async function read(file: FileHandle, into: Buffer, position: number): Promise<number> {
  const { bytesRead } = await file.read(into, 0, into.length, position)
  return bytesRead
}
