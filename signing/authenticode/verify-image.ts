import { createHash } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { type InputFile, readBlocks } from './byte-blocks.ts'
import type { SignedLayout } from './verify-layout.ts'

/**
 * Recomputes in one pass, sharing nothing with the signing side, the digests of an image and the file's checksum.
 *
 * @returns the digest for each of the algorithms
 * @throws SigningError `AUTHENTICODE_CHECKSUM_MISMATCH` when the header states another checksum
 */
export async function digestSignedImage(
  file: InputFile,
  layout: SignedLayout,
  algorithms: ReadonlySet<HashAlgorithm>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<HashAlgorithm, Buffer>> {
  const hashes = [...algorithms].map((algorithm) => [algorithm, createHash(algorithm)] as const)
  const left = [layout.checksumAt, layout.checksumAt + 4, layout.certificateEntryAt, layout.certificateEntryAt + 8]
  let sum = 0
  for await (const { offset, bytes } of readBlocks(file, layout.size, signal)) {
    sum += sumOfWords(bytes)
    // The header bytes that no digest covers cut a block into the stretches that are covered.
    const cuts = [0, ...left.map((at) => at - offset), layout.tableAt - offset].map((cut) =>
      Math.min(Math.max(cut, 0), bytes.length),
    )
    for (let index = 0; index + 1 < cuts.length; index += 2)
      for (const [, hash] of hashes) hash.update(bytes.subarray(cuts[index], cuts[index + 1]))
  }
  assertChecksum(sum, layout)
  return new Map(hashes.map(([algorithm, hash]) => [algorithm, hash.digest()]))
}

/** The stated checksum was summed with everything else; it counts as zero, so its two words go out again. Its offset is even. */
function assertChecksum(sum: number, { checksum, checksumAt, size }: SignedLayout): void {
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

/** Sum of the 16-bit little-endian words; every block but the last has an even length and begins at an even offset. */
function sumOfWords(bytes: Buffer): number {
  let low = 0
  let high = 0
  const words = bytes.length - (bytes.length % 4)
  for (let at = 0; at < words; at += 4) {
    low += (bytes[at] as number) + (bytes[at + 2] as number)
    high += (bytes[at + 1] as number) + (bytes[at + 3] as number)
  }
  for (let at = words; at < bytes.length; at++)
    if (at % 2 === 0) low += bytes[at] as number
    else high += bytes[at] as number
  return low + high * 256
}
