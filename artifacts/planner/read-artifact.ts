import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { DirectiveOrder, Sha256Digest } from '../../domain/index.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import type { DigestedFile, FileParts, SignatureFormat } from '../../signing/signature-format.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { ArtifactError } from '../artifact-error.ts'
import { artifactStorePlace, diskError, errnoOf, signerScratchPlace } from '../store/disk-error.ts'
import type { ArtifactStore } from '../store/index.ts'
import { detectFormat } from './detect-format.ts'

/** The artifact of a request, as it was retrieved. */
export type SubmittedArtifact = {
  /** Its file name. */
  readonly path: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/** A file that has the submitted digest, read once, and what its format knows of it. */
export type ReadArtifact = DigestedFile<unknown, unknown> & { readonly format: SignatureFormat }

/** How an artifact is read. */
export type ArtifactReading = {
  readonly store: Pick<ArtifactStore, 'open'>
  readonly formats: readonly SignatureFormat[]
  readonly passes: FilePasses
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (() => void) | undefined
  /** What is asked for a file of this format: it decides which digests are made. Gives the same each time. */
  readonly ordersFor: (format: SignatureFormat) => readonly DirectiveOrder[]
  /** A path where nothing is yet and a copy is made; without it the handle is that of the stored file. */
  readonly copyTo?: string | undefined
}

/**
 * Reads a stored artifact once: its SHA-256, which must be the submitted one, and what its format digests are of the same
 * bytes, and so is the copy, if one is asked for. Whoever can write to the store may change or exchange the file at any
 * moment, so nothing that is read beforehand is believed, and afterwards only the copy is looked at.
 *
 * @returns open; the caller closes it
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_MISMATCH`, `ARTIFACT_CORRUPT`, `FORMAT_NOT_SUPPORTED`;
 *   `ARTIFACT_CHANGED`, `ARTIFACT_STORE_UNAVAILABLE`, `SIGNER_SCRATCH_…`, which are transient
 * @throws SigningError the format's codes; `FILE_PASS_FAILED`, which is transient; the signal's reason; as `ordersFor`
 */
export async function readArtifact(reading: ArtifactReading, submitted: SubmittedArtifact): Promise<ReadArtifact> {
  const { copyTo } = reading
  const input = await openArtifact(reading.store, submitted)
  if (copyTo === undefined) return closingOnFailure(input, () => digest(reading, submitted, input))
  try {
    const copy = await newCopy(copyTo)
    return await closingOnFailure(copy, () => digest(reading, submitted, input, copy))
  } finally {
    await input.close()
  }
}

/**
 * Opens a stored artifact that is read by its configuration: its SHA-256 must be the submitted one, and so is the copy's, if one is asked
 * for.
 *
 * @returns of the copy, where there is one; the caller closes it
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_MISMATCH`, `ARTIFACT_CORRUPT`; transient ones as {@link readArtifact}
 */
export async function copyArtifact(
  reading: Pick<ArtifactReading, 'store' | 'passes' | 'signal' | 'onProgress' | 'copyTo'>,
  submitted: SubmittedArtifact,
): Promise<FileHandle> {
  const { store, passes, signal, onProgress, copyTo } = reading
  const input = await openArtifact(store, submitted)
  const output = copyTo === undefined ? undefined : await closingOnFailure(input, () => newCopy(copyTo))
  try {
    const order = { input: input.fd, output: output?.fd, end: submitted.size, hashed: true, digestion: undefined }
    const { sha256 } = await passes
      .read(order, { signal, onProgress })
      .catch((error: unknown) => Promise.reject(passError(error, submitted)))
    if (sha256 !== submitted.sha256) throw corrupt(submitted, sha256)
    if (output === undefined) return input
    await input.close()
    return output
  } catch (error) {
    await input.close().catch(() => undefined)
    await output?.close()
    throw error
  }
}

/** Not followed and not taken over, if it is there: nobody else may have a way to the copy. */
function newCopy(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  return open(path, flags, 0o600).catch((error: unknown) => {
    throw diskError('copying an artifact', error, signerScratchPlace)
  })
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
  reading: ArtifactReading,
  submitted: SubmittedArtifact,
  input: FileHandle,
  copy?: FileHandle,
): Promise<ReadArtifact> {
  const { passes, signal, onProgress } = reading
  const { size } = submitted
  // The pass must know the file's structure. Whether that was the submitted file's shows when all of it was hashed.
  const expected = await recognize(reading, submitted, input).catch(() => undefined)
  const order = { input: input.fd, output: copy?.fd, end: size, hashed: true, digestion: expected?.digestion }
  const read = await passes
    .read(order, { signal, onProgress })
    .catch((error: unknown) => Promise.reject(passError(error, submitted)))
  if (read.sha256 !== submitted.sha256) throw corrupt(submitted, read.sha256)
  const handle = copy ?? input
  const recognized = await recognize(reading, submitted, handle)
  if (!isDeepStrictEqual(recognized, expected)) throw changed(submitted)
  const { format, layout } = recognized
  return { format, handle, size, layout, digested: read.digested }
}

/** What a file is, and what is to be digested of it. */
async function recognize(
  { formats, ordersFor }: ArtifactReading,
  { path, size }: SubmittedArtifact,
  handle: FileHandle,
) {
  const format = await detectFormat(formats, { name: path, size, readPart: partsOf(handle, size) })
  const layout = await format.readLayout(handle, size, path)
  return { format, layout, digestion: format.digestion(layout, ordersFor(format)) }
}

/** How parts of an open file are read. */
export function partsOf(handle: FileHandle, size: number): FileParts['readPart'] {
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
  if (error.code === 'FILE_TRUNCATED') return changed(submitted)
  const place = error.code === 'FILE_WRITE_FAILED' ? signerScratchPlace : artifactStorePlace
  return error.cause === undefined ? error : diskError('reading and copying an artifact', error.cause, place)
}

function corrupt({ sha256 }: SubmittedArtifact, found: string | undefined): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_CORRUPT',
    `The bytes stored as ${sha256} have the SHA-256 ${found}: they were damaged or changed on disk. Restore them from a backup.`,
  )
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
