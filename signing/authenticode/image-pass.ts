import type { FileHandle } from 'node:fs/promises'
import type { HashAlgorithm } from '../../domain/index.ts'
import type { PassProgress } from '../file-passes/index.ts'
import { writeFully } from '../output-file.ts'
import { type ByteBlock, type InputFile, readBlocks } from './byte-blocks.ts'
import { startChecksum } from './checksum.ts'
import { startImageDigest } from './digest.ts'
import type { ByteRange, PeFile } from './pe-file.ts'

/** What one pass over an image is asked to do. */
export interface ImagePassRequest {
  readonly input: InputFile
  /** Gets the image at the same offsets, with the fields that depend on the signature zeroed. */
  readonly output: FileHandle
  readonly file: PeFile
  readonly hashAlgorithm: HashAlgorithm
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: PassProgress) => void) | undefined
}

/** What a pass over an image found out. */
export interface ImagePassResult {
  /** The Authenticode digest. */
  readonly imageDigest: Uint8Array
  /** The sum that the checksum goes on from. */
  readonly sum: number
  /** The last block where it is not written yet, so that a small file is written at once. */
  readonly held: ByteBlock | undefined
}

/**
 * Copies an image to the output in one pass that digests and sums it too. The block in hand is written while the next
 * one is digested and the one after is read; the last one is held back.
 *
 * @throws SigningError with a `PE_…` code; the signal's reason when it is aborted
 */
export async function passOverImage(request: ImagePassRequest): Promise<ImagePassResult> {
  const { file } = request
  const digest = startImageDigest(file, request.hashAlgorithm)
  const checksum = startChecksum()
  let held: ByteBlock | undefined
  for await (const block of readBlocks(request.input, file.imageSize, request.signal)) {
    const writing = held === undefined ? undefined : writeFully(request.output, held.offset, held.bytes)
    digest.update(block.offset, block.bytes)
    blankFields(block, file)
    checksum.add(block.offset, block.bytes)
    await writing
    held = block
    request.onProgress?.({ done: block.offset + block.bytes.length, total: file.imageSize })
  }
  return { imageDigest: digest.finish(), sum: checksum.sum(), held }
}

/** Zeros the part of a block that the fields take whose values come last; they may straddle two blocks. */
export function blankFields(block: ByteBlock, file: PeFile): void {
  blank(block, file.checksumField)
  blank(block, file.certificateEntry)
}

function blank(block: ByteBlock, field: ByteRange): void {
  const start = Math.max(field.offset - block.offset, 0)
  const end = Math.min(field.offset + field.length - block.offset, block.bytes.length)
  if (end > start) block.bytes.fill(0, start, end)
}
