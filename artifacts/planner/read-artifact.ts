import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { HashAlgorithm, PlannedFile, Sha256Digest } from '../../domain/index.ts'
import { type DigestedCopy, type PeFile, readPeHeaders } from '../../signing/authenticode/index.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { ArtifactError } from '../artifact-error.ts'
import { artifactStorePlace, diskError, errnoOf, signerScratchPlace } from '../store/disk-error.ts'
import type { ArtifactStore } from '../store/index.ts'
import { detectFormat } from './detect-format.ts'

/** The artifact of a request, as its retrieval tells it. */
export type SubmittedArtifact = {
  /** Its file name, for messages. */
  readonly path: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/** A file that has the submitted digest, read once. */
export type ReadArtifact = DigestedCopy & { readonly format: PlannedFile['format'] }

/** What {@link detectFormat} looks at. */
export type PlannedInput = {
  /** Bytes. */
  readonly size: number
  /** Bytes of a part, fewer where the file ends. */
  readonly readPart: (start: number, length: number) => Promise<Buffer>
}

/**
 * Reads a stored artifact once: its SHA-256, which must be the submitted one, and its Authenticode digest are of the same
 * bytes, and so is the copy, if one is asked for. Whoever can write to the store may change or exchange the file at any
 * moment, so nothing that is read beforehand is believed, and afterwards only the copy is looked at.
 *
 * @param options.copyTo a path where nothing is yet; without it the handle is that of the stored file
 * @returns open; the caller closes it
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_MISMATCH`, `ARTIFACT_CORRUPT`, `FORMAT_NOT_SUPPORTED`;
 *   `ARTIFACT_CHANGED`, `ARTIFACT_STORE_UNAVAILABLE`, `SIGNER_SCRATCH_…`, which are transient
 * @throws SigningError `PE_…`; `FILE_PASS_FAILED`, which is transient; the signal's reason
 */
export async function readArtifact(
  work: {
    readonly store: Pick<ArtifactStore, 'open'>
    readonly passes: FilePasses
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: (() => void) | undefined
  },
  submitted: SubmittedArtifact,
  { hashAlgorithm, copyTo }: { readonly hashAlgorithm: HashAlgorithm; readonly copyTo?: string | undefined },
): Promise<ReadArtifact> {
  const input = await openArtifact(work.store, submitted)
  if (copyTo === undefined) return closingOnFailure(input, () => digest(work, submitted, hashAlgorithm, input))
  try {
    // Not followed and not taken over, if it is there: nobody else may have a way to the copy.
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const copy = await open(copyTo, flags, 0o600).catch((error: unknown) => {
      throw diskError('copying an artifact', error, signerScratchPlace)
    })
    return await closingOnFailure(copy, () => digest(work, submitted, hashAlgorithm, input, copy))
  } finally {
    await input.close()
  }
}

async function openArtifact(store: Pick<ArtifactStore, 'open'>, submitted: SubmittedArtifact): Promise<FileHandle> {
  const stored = await store.open(submitted.sha256)
  if (stored.size !== submitted.size)
    throw new ArtifactError(
      'ARTIFACT_MISMATCH',
      `The artifact in the store has ${stored.size} bytes; the one that was submitted has ${submitted.size}.`,
    )
  // Non-blocking, because opening a pipe would otherwise wait for somebody to write into it.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const input = await open(stored.path, flags).catch((error: unknown) => {
    const errno = errnoOf(error)
    throw errno === 'ELOOP' || errno === 'ENOENT' ? changed(submitted) : diskError('reading an artifact', error)
  })
  return closingOnFailure(input, async () => {
    const status = await input.stat().catch((error: unknown) => {
      throw diskError('reading an artifact', error)
    })
    if (!status.isFile() || status.size !== submitted.size) throw changed(submitted)
    return input
  })
}

async function digest(
  { passes, signal, onProgress }: Parameters<typeof readArtifact>[0],
  submitted: SubmittedArtifact,
  hashAlgorithm: HashAlgorithm,
  input: FileHandle,
  copy?: FileHandle,
): Promise<ReadArtifact> {
  const { path, sha256, size } = submitted
  // The pass must know the headers. Whether they were the file's shows when all of it was hashed.
  const expected = await readPeHeaders(input, size).catch(() => undefined)
  const order = { input: input.fd, output: copy?.fd, end: size, hashed: true }
  const image = expected && { file: expected, hashAlgorithm }
  const read = await passes
    .read({ ...order, image }, { signal, onProgress })
    .catch((error: unknown) => Promise.reject(passError(error, submitted)))
  if (read.sha256 !== sha256)
    throw new ArtifactError(
      'ARTIFACT_CORRUPT',
      `The bytes stored as ${sha256} have the SHA-256 ${read.sha256}: they were damaged or changed on disk. Restore them from a backup.`,
    )
  const handle = copy ?? input
  const format = await detectFormat({ size, readPart: partsOf(handle, size) }, path)
  const file = await readPeHeaders(handle, size)
  if (read.image === undefined || !isSameImage(file, expected)) throw changed(submitted)
  return { format, handle, file, imageDigest: read.image.digest, sum: read.image.sum }
}

function isSameImage(file: PeFile, expected: PeFile | undefined): boolean {
  return isDeepStrictEqual(file, expected)
}

function partsOf(handle: FileHandle, size: number): PlannedInput['readPart'] {
  return async (start, length) => {
    const part = Buffer.alloc(Math.max(Math.min(length, size - start), 0))
    let filled = 0
    while (filled < part.length) {
      const { bytesRead } = await handle.read(part, filled, part.length - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return part.subarray(0, filled)
  }
}

/** What a pass over an artifact met, by the place where it was met. */
function passError(error: unknown, submitted: SubmittedArtifact): unknown {
  if (!(error instanceof SigningError)) return error
  if (error.code === 'PE_TRUNCATED') return changed(submitted)
  const place = error.code === 'PE_OUTPUT_UNWRITABLE' ? signerScratchPlace : artifactStorePlace
  return error.cause === undefined ? error : diskError('reading and copying an artifact', error.cause, place)
}

function changed({ sha256 }: SubmittedArtifact): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_CHANGED',
    `What is stored as ${sha256} was changed while it was read, and was not used. See who can write to the artifact store.`,
    { transient: true },
  )
}

async function closingOnFailure<Result>(handle: FileHandle, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await handle.close().catch(() => undefined)
    throw error
  }
}
