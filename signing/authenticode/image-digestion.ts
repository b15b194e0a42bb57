import type { FileDigester, FileDigestion } from '../file-passes/index.ts'
import { startChecksum } from './checksum.ts'
import { startImageDigest } from './digest.ts'
import { blankFields } from './image-pass.ts'
import type { PeFile } from './pe-file.ts'

/** Which digests of a PE image are asked for. */
export interface ImageDigestionRequest {
  readonly file: PeFile
  /** As OpenSSL names them. */
  readonly hashAlgorithms: readonly string[]
  /** Whether they are those of the image as it is, not filled up to a multiple of 8 bytes. */
  readonly unpadded: boolean
}

/** What came of it. */
export interface DigestedImage {
  /** The Authenticode digest by each of the algorithms. */
  readonly digests: ReadonlyMap<string, Uint8Array>
  /** The sum that the checksum of the signed file goes on from. */
  readonly sum: number
}

/** The order for a thread that reads files to digest the image in one as well: it gives a {@link DigestedImage}. */
export function imageDigestion(request: ImageDigestionRequest): FileDigestion {
  return { module: import.meta.url, parameters: request }
}

/** In that thread: digests what a signature covers of the image, and sums it. */
export function startDigestion({ file, hashAlgorithms, unpadded }: ImageDigestionRequest): FileDigester<DigestedImage> {
  const digests = hashAlgorithms.map((algorithm) => [algorithm, startImageDigest(file, algorithm)] as const)
  const checksum = startChecksum()
  return {
    update(offset, bytes) {
      if (offset >= file.imageSize) return
      const covered = { offset, bytes: bytes.subarray(0, file.imageSize - offset) }
      for (const [, digest] of digests) digest.update(offset, covered.bytes)
      blankFields(covered, file)
      checksum.add(offset, covered.bytes)
    },
    finish() {
      const finished = digests.map(
        ([algorithm, digest]) => [algorithm, unpadded ? digest.finishUnpadded() : digest.finish()] as const,
      )
      return { digests: new Map(finished), sum: checksum.sum() }
    },
  }
}
