import { createHash } from 'node:crypto'
import { endianness } from 'node:os'
import type { HashAlgorithm } from '../../domain/index.ts'
import type { FileDigester, FilePasses, PassOptions } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { type InputFile, readBlocks } from './byte-blocks.ts'

/** Where the parts of a signed file are that its digest and its checksum depend on. */
export interface SignedImage {
  readonly size: number
  /** Offsets of the bytes that the digest leaves out. */
  readonly checksumAt: number
  readonly certificateEntryAt: number
  /** Where the certificate table begins; the image is everything before. */
  readonly tableAt: number
  /** The CheckSum that the file states. */
  readonly checksum: number
}

/** The digests of a signed image, as its file's blocks come by. */
export interface SignedImageDigest {
  /** Takes the blocks of the whole file in order; all but the last have an even length. */
  readonly update: (offset: number, bytes: Buffer) => void
  /**
   * The digest for each of the algorithms.
   *
   * @throws SigningError `AUTHENTICODE_CHECKSUM_MISMATCH` when the header states another checksum
   */
  readonly finish: () => readonly Buffer[]
}

/** Begins to digest a signed image and to sum its file's checksum, sharing nothing with the signing side. */
export function startSignedImageDigest(image: SignedImage, algorithms: readonly HashAlgorithm[]): SignedImageDigest {
  const hashes = algorithms.map((algorithm) => createHash(algorithm))
  const left = [image.checksumAt, image.checksumAt + 4, image.certificateEntryAt, image.certificateEntryAt + 8]
  let sum = 0
  return {
    update(offset, bytes) {
      sum += sumOfWords(bytes)
      // The header bytes that no digest covers cut a block into the stretches that are covered.
      const cuts = [0, ...left.map((at) => at - offset), image.tableAt - offset].map((cut) =>
        Math.min(Math.max(cut, 0), bytes.length),
      )
      for (let index = 0; index + 1 < cuts.length; index += 2)
        for (const hash of hashes) hash.update(bytes.subarray(cuts[index], cuts[index + 1]))
    },
    finish() {
      assertChecksum(sum, image)
      return hashes.map((hash) => hash.digest())
    },
  }
}

/**
 * Recomputes the digests of a signed image and its file's checksum in one pass.
 *
 * @param passes threads for it; without them it runs in this one, block by block
 * @returns the digest for each of the algorithms
 * @throws SigningError `AUTHENTICODE_CHECKSUM_MISMATCH`, and as `readBlocks` and `FilePasses`
 */
export async function digestSignedImage(
  file: InputFile,
  image: SignedImage,
  algorithms: readonly HashAlgorithm[],
  { passes, ...options }: PassOptions & { readonly passes?: FilePasses | undefined },
): Promise<ReadonlyMap<HashAlgorithm, Buffer>> {
  const digests =
    passes === undefined
      ? await digestHere(file, image, algorithms, options)
      : await digestElsewhere(passes, file, { image, algorithms }, options)
  return new Map(algorithms.map((algorithm, index) => [algorithm, Buffer.from(digests[index] ?? [])]))
}

/** Which digests of a signed image a thread is asked for. */
interface SignedImageRequest {
  readonly image: SignedImage
  readonly algorithms: readonly HashAlgorithm[]
}

/** In a thread that reads files: digests a signed image and sums its file's checksum. */
export function startDigestion({ image, algorithms }: SignedImageRequest): FileDigester<readonly Uint8Array[]> {
  return startSignedImageDigest(image, algorithms)
}

async function digestElsewhere(
  passes: FilePasses,
  file: InputFile,
  parameters: SignedImageRequest,
  options: PassOptions,
): Promise<readonly Uint8Array[]> {
  const digestion = { module: import.meta.url, parameters }
  const { size } = parameters.image
  const order = { input: file.handle.fd, output: undefined, end: size, hashed: false, digestion }
  const { digested } = await passes.read(order, options)
  return digested as readonly Uint8Array[]
}

async function digestHere(
  file: InputFile,
  image: SignedImage,
  algorithms: readonly HashAlgorithm[],
  { signal, onProgress }: PassOptions,
): Promise<readonly Buffer[]> {
  const digests = startSignedImageDigest(image, algorithms)
  for await (const { offset, bytes } of readBlocks(file, image.size, signal)) {
    digests.update(offset, bytes)
    onProgress?.({ done: offset + bytes.length, total: image.size })
  }
  return digests.finish()
}

/** The stated checksum was summed with everything else; it counts as zero, so its two words go out again. Its offset is even. */
function assertChecksum(sum: number, { checksum, checksumAt, size }: SignedImage): void {
  const own = (checksum & 0xffff) + (checksum >>> 16)
  // A file is never all zeros, so a sum that is 0 modulo 0xffff folds to 0xffff.
  const folded = (sum - own) % 0xffff || 0xffff
  const expected = (folded + size) % 2 ** 32
  if (checksum !== expected)
    throw new SigningError(
      'AUTHENTICODE_CHECKSUM_MISMATCH',
      `The CheckSum at offset ${checksumAt} is 0x${checksum.toString(16)}; the file's bytes sum to 0x${expected.toString(16)}.`,
    )
}

/** Of so many words the lower halves sum to less than 2^32, and the upper ones too: additions of 32 bits lose nothing. */
const wordsAtOnce = 0x10000
const littleEndian = endianness() === 'LE'

/** Sum of the 16-bit little-endian words; every block but the last has an even length and begins at an even offset. */
function sumOfWords(bytes: Buffer): number {
  if (!littleEndian || bytes.byteOffset % 4 !== 0) return sumOfOctets(bytes, 0)
  const pairs = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  let sum = sumOfOctets(bytes, pairs.length * 4)
  for (let at = 0; at < pairs.length; at += wordsAtOnce)
    sum += sumOfPairs(pairs, at, Math.min(at + wordsAtOnce, pairs.length))
  return sum
}

/** Two words are read at once: read octet by octet, the sum takes longer than the hash. */
function sumOfPairs(pairs: Int32Array, start: number, end: number): number {
  let lower = 0
  let upper = 0
  let at = start
  for (; at + 4 <= end; at += 4) {
    const one = pairs[at] as number
    const two = pairs[at + 1] as number
    const three = pairs[at + 2] as number
    const four = pairs[at + 3] as number
    lower = (lower + (one & 0xffff) + (two & 0xffff) + (three & 0xffff) + (four & 0xffff)) | 0
    upper = (upper + (one >>> 16) + (two >>> 16) + (three >>> 16) + (four >>> 16)) | 0
  }
  for (; at < end; at++) {
    const pair = pairs[at] as number
    lower = (lower + (pair & 0xffff)) | 0
    upper = (upper + (pair >>> 16)) | 0
  }
  return (lower >>> 0) + (upper >>> 0)
}

/** The same for the octets from `start` on, which is even. */
function sumOfOctets(bytes: Buffer, start: number): number {
  let sum = 0
  for (let at = start; at < bytes.length; at++) sum += (bytes[at] as number) * (at % 2 === 0 ? 1 : 256)
  return sum
}
