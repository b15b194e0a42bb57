import type { FileHandle } from 'node:fs/promises'
import type { HashAlgorithm } from '../../domain/index.ts'
import { FilePasses, type PassProgress } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { type InputFile, inputOf, withInput } from './byte-blocks.ts'
import { readPageLayout } from './page-layout.ts'
import { digestSignedImage } from './verify-image.ts'
import { addedSignatures, separateSignatures } from './verify-kept.ts'
import { readSignedLayout } from './verify-layout.ts'
import { pageComparison } from './verify-pages.ts'
import {
  type ReadSignature,
  readNestedSignature,
  readSignatures,
  type SignatureTrust,
  type VerifiedSignature,
  verifySignature,
} from './verify-signature.ts'

/** Whom to trust, and how to go about it. */
export interface VerifyOptions extends SignatureTrust {
  /**
   * SHA-256, hexadecimal, of each signature that was there before, over its ContentInfo without those nested in it: they
   * must be there unchanged, before those that were added, and only these are judged. Whoever made them may have other rules.
   */
  readonly kept?: readonly string[]
  /** With `kept`: how many signatures were added; 1 when absent. */
  readonly added?: number
  readonly signal?: AbortSignal
  /** Threads that digest it; without them it is done in this one, block by block. */
  readonly passes?: FilePasses
  /** Called after every few MiB. */
  readonly onProgress?: (progress: PassProgress) => void
}

/** What to verify, and how. */
export interface VerifyPeFileRequest extends VerifyOptions {
  readonly path: string
}

/**
 * Verifies every Authenticode signature of a PE file strictly: the certificate table is the file's end and filled by
 * one signature, padding is zero, the checksum is right, the digest is the image's, signed attributes, signature value
 * and certificate path are valid, a time-stamp is for exactly this signature, and nothing travels outside what is
 * signed but certificates of the path, time-stamps and nested signatures.
 *
 * @returns the primary signature first, then the nested ones in their order; of EFI images so for each entry of the table;
 * with `kept` those that were added to these
 * @throws SigningError with an `AUTHENTICODE_…` code, or `FILE_READ_FAILED` or `FILE_TRUNCATED` when the file
 *   cannot be read
 */
export async function verifyPeFile(request: VerifyPeFileRequest): Promise<readonly VerifiedSignature[]> {
  return withInput(request.path, (file) => verifyInput(file, request))
}

/**
 * Verifies as {@link verifyPeFile} does a file that is open, whatever its name leads to meanwhile; it stays open.
 *
 * @throws SigningError as {@link verifyPeFile}
 */
export async function verifyOpenPeFile(
  handle: FileHandle,
  options: VerifyOptions,
): Promise<readonly VerifiedSignature[]> {
  return verifyInput(await inputOf(handle, 'The signed file'), options)
}

async function verifyInput(file: InputFile, request: VerifyOptions): Promise<readonly VerifiedSignature[]> {
  const layout = await readSignedLayout(file)
  const { kept, added = 1 } = request
  const signatures =
    kept === undefined
      ? layout.signatures.flatMap((each) => readSignatures(each))
      : readAdded(layout.signatures, kept, added)
  const algorithms = [...new Set(signatures.map((signature) => signature.contentHash))]
  const digests = await digestSignedImage(file, layout.image, algorithms, request)
  for (const { pageHashes } of signatures)
    if (pageHashes !== undefined) await assertPages(file, layout.image.tableAt, pageHashes, request)
  return signatures.map((signature) => {
    assertCovers(signature, digests)
    return verifySignature(signature, request)
  })
}

async function assertPages(
  file: InputFile,
  imageSize: number,
  hashes: Uint8Array,
  { passes = new FilePasses(1), signal }: VerifyOptions,
): Promise<void> {
  const layout = await readPageLayout({ ...file, start: Buffer.alloc(0) }, imageSize)
  const comparison = pageComparison({ input: file.handle.fd, layout, hashes })
  if ((await passes.work(comparison, { signal })) !== true)
    throw new SigningError(
      'AUTHENTICODE_DIGEST_MISMATCH',
      'The digests of pages in the signature are not those of the file: it was changed after signing.',
    )
}

function readAdded(entries: readonly Uint8Array[], kept: readonly string[], count: number): readonly ReadSignature[] {
  // Those that are nested in an added one are among them too, each by itself.
  return addedSignatures(separateSignatures(entries), kept, count).flatMap(({ encoded, depth }) =>
    depth === 0 ? readSignatures(encoded).slice(0, 1) : readNestedSignature(encoded),
  )
}

function assertCovers(signature: ReadSignature, digests: ReadonlyMap<HashAlgorithm, Buffer>): void {
  if (digests.get(signature.contentHash)?.equals(signature.contentDigest) !== true)
    throw new SigningError(
      'AUTHENTICODE_DIGEST_MISMATCH',
      `The file's ${signature.contentHash} digest is not the one that was signed: the file was changed after signing.`,
    )
}
