import { createHash, type Hash } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { type InputFile, readBlocks, withInput } from './byte-blocks.ts'
import { type PeFile, readPeFile } from './pe-file.ts'

/** Takes the blocks of an image in order and digests what a signature covers. */
export interface ImageDigest {
  /** Takes bytes that begin at `offset` of the file; blocks must come in order, without gaps. */
  update(offset: number, bytes: Uint8Array): void
  /** The digest, after padding the image with zeros to a multiple of 8 bytes. */
  finish(): Buffer
  /** Instead: the digest of the image as it is, which signatures hold whose table stands at no multiple of 8. */
  finishUnpadded(): Buffer
}

/**
 * Digests an image as "Windows Authenticode Portable Executable Signature Format" says: every byte up to the
 * certificate table in file order, whatever lies behind the last section included, except the CheckSum field and the
 * certificate table's directory entry. A signature needs the image to end at a multiple of 8; the zeros that fill it up
 * become part of the file, so they are digested too.
 *
 * @param algorithm as OpenSSL names it
 */
export function startImageDigest(file: PeFile, algorithm: string): ImageDigest {
  const hash = createHash(algorithm)
  // CheckSum always precedes the data directories.
  const skipped = [file.checksumField, file.certificateEntry]
  return {
    update(offset, bytes) {
      const end = offset + bytes.length
      let at = offset
      for (const range of skipped) {
        const from = Math.min(Math.max(range.offset, at), end)
        updateWith(hash, bytes, at - offset, from - offset)
        at = Math.min(Math.max(range.offset + range.length, at), end)
      }
      updateWith(hash, bytes, at - offset, end - offset)
    },
    finish() {
      return hash.update(new Uint8Array(imagePadding(file))).digest()
    },
    finishUnpadded() {
      return hash.digest()
    },
  }
}

/** How many zeros bring the image to a multiple of 8 bytes. */
export function imagePadding(file: PeFile): number {
  return (8 - (file.imageSize % 8)) % 8
}

/**
 * The Authenticode digest of a PE file, as a signature over it holds it. Streams: memory stays flat.
 *
 * @throws SigningError with a `PE_…` code; the signal's reason when it is aborted
 */
export async function digestPeFile(
  path: string,
  algorithm: HashAlgorithm,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Buffer> {
  return withInput(path, async (input) => digestImage(input, await readPeFile(input), algorithm, options.signal))
}

/** The same of a file that is open and whose headers were read. */
export async function digestImage(
  input: InputFile,
  file: PeFile,
  algorithm: HashAlgorithm,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const digest = startImageDigest(file, algorithm)
  for await (const block of readBlocks(input, file.imageSize, signal)) digest.update(block.offset, block.bytes)
  return digest.finish()
}

function updateWith(hash: Hash, bytes: Uint8Array, start: number, end: number): void {
  if (end > start) hash.update(bytes.subarray(start, end))
}
