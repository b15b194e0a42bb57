import { hash as digestOnce } from 'node:crypto'
import {
  readOnlySignature,
  type SignatureTrust,
  type VerifiedSignature,
  verifySignature,
} from '../authenticode/index.ts'
import { objectIdentifiers } from '../cms/index.ts'
import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'

/** What a thread verifies. */
export interface CatalogToVerify {
  /** File descriptor, open for reading. */
  readonly input: number
  /** Bytes of the file. */
  readonly size: number
  readonly trust: SignatureTrust
}

/** In a thread that reads what others made: reads a catalog and verifies it. */
export const doFileWork: DoFileWork<CatalogToVerify, VerifiedSignature> = async ({ input, size, trust }) => {
  const catalog = Buffer.alloc(size)
  fillBlocking(input, { offset: 0, bytes: catalog })
  return verifyCatalog(catalog, trust)
}

/**
 * Verifies the signature of a catalog strictly: the file is SignedData of one signer over a list of digests, with no other
 * signatures in it, and its certificates stand in DER's order, each once, since Windows finds no signature otherwise.
 *
 * @throws SigningError with an `AUTHENTICODE_…` code
 */
export function verifyCatalog(catalog: Buffer, trust: SignatureTrust): VerifiedSignature {
  const signature = readOnlySignature(catalog, ({ contentType, content, signer }) => {
    if (contentType !== objectIdentifiers.certificateTrustList || content.tag !== 0x30)
      throw new SigningError(
        'AUTHENTICODE_MALFORMED',
        `The signed content must be a list of digests, not ${contentType}.`,
      )
    return { hash: signer.hash, digest: digestOnce(signer.hash, content.content, 'buffer') }
  })
  const { certificates } = signature.signedData
  certificates.forEach((certificate, index) => {
    const before = certificates[index - 1]
    if (before !== undefined && Buffer.compare(before, certificate) >= 0)
      throw new SigningError(
        'AUTHENTICODE_MALFORMED',
        'The certificates in the signature of a catalog must stand in the order of a SET OF in DER, each once.',
      )
  })
  return verifySignature(signature, trust)
}
