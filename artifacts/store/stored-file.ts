import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactIdentity, ByteRange } from './artifact-store.ts'
import { diskError, errnoOf, onDisk } from './disk-error.ts'

const readSize = 256 * 1024

/**
 * Streams bytes of a stored file, `start` (inclusive) to `end` (exclusive).
 *
 * @throws ArtifactError `ARTIFACT_RANGE_INVALID`, `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT` when it is shorter than it was
 */
export async function* readStored(
  stored: ArtifactIdentity & { readonly path: string },
  range: ByteRange = { start: 0, end: stored.size },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start > end || end > stored.size)
    throw new ArtifactError(
      'ARTIFACT_RANGE_INVALID',
      `A range must lie within the artifact's ${stored.size} bytes; got ${start} to ${end}.`,
    )
  const file = await openStored(stored)
  try {
    for (let position = start; position < end; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(readSize, end - position))
      const { bytesRead } = await onDisk('reading an artifact', () => file.read(chunk, 0, chunk.length, position))
      if (bytesRead === 0)
        throw new ArtifactError(
          'ARTIFACT_CORRUPT',
          `The bytes stored as ${stored.sha256} end after ${position} of ${stored.size} bytes: the file was cut short.`,
        )
      position += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Opens a stored file. @throws ArtifactError `ARTIFACT_NOT_FOUND`, and as the disk fails */
export async function openStored(stored: {
  readonly sha256: Sha256Digest
  readonly path: string
}): Promise<FileHandle> {
  try {
    return await open(stored.path, 'r')
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? notFound(stored.sha256) : diskError('reading an artifact', error)
  }
}

/** Bytes of a stored file; `undefined` when there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const status = await stat(path)
    return status.isFile() ? status.size : undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw diskError('looking for an artifact', error)
  }
}

/** For bytes that the store does not have. */
export function notFound(sha256: Sha256Digest): ArtifactError {
  return new ArtifactError('ARTIFACT_NOT_FOUND', `The artifact store holds no bytes with the SHA-256 ${sha256}.`)
}
