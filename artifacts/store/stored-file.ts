import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactIdentity, ByteRange } from './artifact-store.ts'
import { diskError, errnoOf, onDisk } from './disk-error.ts'

/**
 * So much is read at a time. Larger buffers come from the system each by itself and go back there: a download of 1 GB takes twice the
 * processor time with 256 KiB, and 70 MiB more of memory.
 */
const readSize = 64 * 1024

/** A stored file, and where it lies. */
export type StoredFile = ArtifactIdentity & { readonly path: string }

/**
 * Streams bytes of a stored file, `start` (inclusive) to `end` (exclusive).
 *
 * @throws ArtifactError `ARTIFACT_RANGE_INVALID`, `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT` when it is shorter than it was
 */
export async function* readStored(stored: StoredFile, range?: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
  requireWithin(stored, range)
  const file = await openStored(stored)
  try {
    yield* readOpened(file, stored, range)
  } finally {
    await file.close()
  }
}

/**
 * Streams the same bytes of a file that is open, and stays so.
 *
 * @throws ArtifactError as {@link readStored}
 */
export async function* readOpened(
  file: FileHandle,
  stored: ArtifactIdentity,
  range: ByteRange = { start: 0, end: stored.size },
): AsyncGenerator<Uint8Array, void, undefined> {
  requireWithin(stored, range)
  for (let position = range.start; position < range.end; ) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(readSize, range.end - position))
    const { bytesRead } = await onDisk('reading an artifact', () => file.read(chunk, 0, chunk.length, position))
    if (bytesRead === 0)
      throw new ArtifactError(
        'ARTIFACT_CORRUPT',
        `The bytes stored as ${stored.sha256} end after ${position} of ${stored.size} bytes: the file was cut short.`,
      )
    position += bytesRead
    yield chunk.subarray(0, bytesRead)
  }
}

function requireWithin({ size }: ArtifactIdentity, range: ByteRange | undefined): void {
  if (range === undefined) return
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start > end || end > size)
    throw new ArtifactError(
      'ARTIFACT_RANGE_INVALID',
      `A range must lie within the artifact's ${size} bytes; got ${start} to ${end}.`,
    )
}

/**
 * Opens a stored file, and nothing else in its place: whoever can write to the store could have a link lead anywhere.
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, and as the disk fails
 */
export async function openStored(stored: Pick<StoredFile, 'sha256' | 'path'>): Promise<FileHandle> {
  const { sha256, path } = stored
  // Non-blocking, because opening a pipe would otherwise wait for somebody to write into it.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch((error: unknown) => {
    const errno = errnoOf(error)
    throw errno === 'ENOENT' || errno === 'ELOOP' ? notFound(sha256) : diskError('reading an artifact', error)
  })
  try {
    if (!(await onDisk('reading an artifact', () => file.stat())).isFile()) throw notFound(sha256)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Bytes of a stored file; `undefined` when there is none, or a link, a pipe or a folder in its place. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const status = await lstat(path)
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
