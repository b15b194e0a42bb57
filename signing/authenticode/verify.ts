import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { type InputFile, withInput } from './byte-blocks.ts'
import { digestSignedImage } from './verify-image.ts'
import { readSignedLayout } from './verify-layout.ts'
import {
  type ReadSignature,
  readSignatures,
  type SignatureTrust,
  type VerifiedSignature,
  verifySignature,
} from './verify-signature.ts'

/** What to verify, and whom to trust. */
export interface VerifyPeFileRequest extends SignatureTrust {
  readonly path: string
  readonly signal?: AbortSignal
}

/**
 * Verifies every Authenticode signature of a PE file strictly: the certificate table is the file's end and filled by
 * one signature, padding is zero, the checksum is right, the digest is the image's, signed attributes, signature value
 * and certificate path are valid, a time-stamp is for exactly this signature, and nothing travels outside what is
 * signed but certificates of the path, time-stamps and nested signatures.
 *
 * @returns the primary signature first, then the nested ones in their order; of EFI images so for each entry of the table
 * @throws SigningError with an `AUTHENTICODE_…` code, or `PE_UNREADABLE` or `PE_TRUNCATED` when the file cannot be read
 */
export async function verifyPeFile(request: VerifyPeFileRequest): Promise<readonly VerifiedSignature[]> {
  return withInput(request.path, (file) => verifyOpen(file, request))
}

async function verifyOpen(file: InputFile, request: VerifyPeFileRequest): Promise<readonly VerifiedSignature[]> {
  const layout = await readSignedLayout(file)
  const signatures = layout.signatures.flatMap(readSignatures)
  const algorithms = new Set(signatures.map((signature) => signature.imageHash))
  const digests = await digestSignedImage(file, layout, algorithms, request.signal)
  return signatures.map((signature) => {
    assertCovers(signature, digests)
    return verifySignature(signature, request)
  })
}

function assertCovers(signature: ReadSignature, digests: ReadonlyMap<HashAlgorithm, Buffer>): void {
  if (digests.get(signature.imageHash)?.equals(signature.imageDigest) !== true)
    throw new SigningError(
      'AUTHENTICODE_DIGEST_MISMATCH',
      `The file's ${signature.imageHash} digest is not the one that was signed: the file was changed after signing.`,
    )
}
