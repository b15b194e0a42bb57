import { randomUUID } from 'node:crypto'
import { close } from 'node:fs'
import { type FileHandle, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { FilePasses, PassOptions, PassProgress, PlacedBytes } from '../file-passes/index.ts'
import { truncate, writeFully, writeWhole } from '../output-file.ts'
import { type ByteBlock, withInput } from './byte-blocks.ts'
import { type CopiedImage, imageCopy } from './copy-image.ts'
import { type ImagePassResult, passOverImage } from './image-pass.ts'
import { readKeptSignatures } from './kept-signatures.ts'
import { type PeFile, readPeFile } from './pe-file.ts'
import { placeSignature, type SignaturePlacement, type SignatureRequest } from './place-signature.ts'
import { assertDescribable } from './spc.ts'

/** What to sign, with what, and where the result goes. */
export interface SignPeFileRequest extends SignatureRequest {
  /** The file to sign; only ever read, so it may be a link into a store, or the same path as `outputPath`. */
  readonly inputPath: string
  /** Where the signed file appears, all at once. */
  readonly outputPath: string
  /** Whether the output must be on the disk, not only in the system's cache, when this answers. */
  readonly durable?: boolean
  /** The threads that read and write the files; without them it is done in this one, block by block. */
  readonly passes?: FilePasses
  /** Called after every few MiB. */
  readonly onProgress?: (progress: PassProgress) => void
}

/** A PE file of the signer's own, which nobody else writes to, and what was found out when it was copied there. */
export interface DigestedCopy {
  /** Open for reading and writing. */
  readonly handle: FileHandle
  /** Its headers. */
  readonly file: PeFile
  /** Its Authenticode digest, by the hash algorithm of the signature. */
  readonly imageDigest: Uint8Array
  /** The sum that its checksum goes on from. */
  readonly sum: number
}

/** What was signed. */
export interface SignedPeFile {
  /** The Authenticode digest of the image, by the request's hash algorithm. */
  readonly imageDigest: Uint8Array
  /** Size of the signed file in bytes. */
  readonly size: number
}

/**
 * Signs a PE32 or PE32+ file after "Windows Authenticode Portable Executable Signature Format", in one pass over its
 * bytes and flat memory. On any failure no output remains and an earlier file at `outputPath` is untouched.
 *
 * @throws SigningError with a `PE_…`, `AUTHENTICODE_…`, `CMS_…` or `TIMESTAMP_…` code, or whatever the key throws; the
 * signal's reason when it is aborted
 */
export async function signPeFile(request: SignPeFileRequest): Promise<SignedPeFile> {
  assertDescribable(request)
  request.signal?.throwIfAborted()
  return request.passes === undefined ? signHere(request) : signInThreads(request, request.passes)
}

async function signHere(request: SignPeFileRequest): Promise<SignedPeFile> {
  return withInput(request.inputPath, async (input) => {
    const file = await readPeFile(input)
    const kept = request.append === true ? await readKeptSignatures(input, file) : undefined
    return writeWhole(request.outputPath, request.durable === true, async (output) => {
      const { hashAlgorithm, signal, onProgress } = request
      const { held, ...image } = await passOverImage({ input, output, file, hashAlgorithm, signal, onProgress })
      const placement = await placeSignature(file, image, kept, request)
      await writeBehind(output, held, placement)
      request.signal?.throwIfAborted()
      return { imageDigest: image.imageDigest, size: placement.size }
    })
  })
}

/** One order to a thread copies the image, another puts the signature to it; no thread waits while the key signs. */
async function signInThreads(request: SignPeFileRequest, passes: FilePasses): Promise<SignedPeFile> {
  const { inputPath, outputPath: path, durable = false, hashAlgorithm, append = false, signal, onProgress } = request
  const temporaryPath = join(dirname(path), `.${randomUUID()}.partial`)
  let opened: number | undefined
  try {
    const copy = imageCopy({ inputPath, outputPath: temporaryPath, hashAlgorithm, keepSignatures: append })
    const listening = endingWithListener({ signal, onProgress })
    const { output, file, kept, ...image } = (await passes.work(copy, listening)) as CopiedImage
    // Descriptors are numbers: only who may still close this one knows it.
    opened = output
    listening.signal?.throwIfAborted()
    const { size, tail, patches } = await placeSignature(file, image, kept, request)
    signal?.throwIfAborted()
    opened = undefined
    await passes.complete({ output, writes: [tail, ...patches], durable, temporaryPath, path })
    return { imageDigest: image.imageDigest, size }
  } catch (failure) {
    // The caller is given the first failure.
    if (opened !== undefined) await closeDescriptor(opened).catch(() => undefined)
    await rm(temporaryPath, { force: true }).catch(() => undefined)
    throw failure
  }
}

const closeDescriptor = promisify(close)

/** Has a listener that fails abort the pass, so that the thread closes what it has opened by then. */
function endingWithListener({ signal, onProgress }: PassOptions): PassOptions {
  if (onProgress === undefined) return { signal }
  const ending = new AbortController()
  return {
    signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]),
    onProgress(progress) {
      try {
        onProgress(progress)
      } catch (failure) {
        ending.abort(failure)
      }
    },
  }
}

/**
 * Signs a copy in its place, without reading it again: what is signed is what was digested when it was copied. When
 * this fails, the file is in no state to be used.
 *
 * @throws SigningError as {@link signPeFile}
 */
export async function signCopy(copy: DigestedCopy, request: SignatureRequest): Promise<SignedPeFile> {
  assertDescribable(request)
  request.signal?.throwIfAborted()
  const { handle, file, imageDigest, sum } = copy
  const input = { handle, size: file.size, start: Buffer.alloc(0) }
  const kept = request.append === true ? await readKeptSignatures(input, file) : undefined
  const placement = await placeSignature(file, { imageDigest, sum }, kept, request)
  await writeBehind(handle, undefined, placement)
  // The table that was there may have been longer.
  if (placement.size < file.size) await truncate(handle, placement.size)
  request.signal?.throwIfAborted()
  return { imageDigest, size: placement.size }
}

/** Writes the signature behind an image that is in the output already, all but a block that is held back. */
async function writeBehind(
  output: FileHandle,
  held: ImagePassResult['held'],
  { tail, patches }: SignaturePlacement,
): Promise<void> {
  const distant = patches.filter((patch) => held === undefined || !copyInto(held, patch))
  await (held === undefined
    ? writeFully(output, tail.offset, tail.bytes)
    : writeFully(output, held.offset, held.bytes, tail.bytes))
  for (const patch of distant) await writeFully(output, patch.offset, patch.bytes)
}

/** Copies a patch into a block that holds its place entirely; answers whether it did. */
function copyInto(block: ByteBlock, patch: PlacedBytes): boolean {
  const start = patch.offset - block.offset
  if (start < 0 || start + patch.bytes.length > block.bytes.length) return false
  block.bytes.set(patch.bytes, start)
  return true
}
