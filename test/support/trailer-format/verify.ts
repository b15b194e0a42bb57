import { createHash, verify, X509Certificate } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { type HashAlgorithm, hashAlgorithms } from '../../../domain/algorithms.ts'
import type { FilePasses } from '../../../signing/file-passes/index.ts'
import type { FoundDirective, SignatureExpectation } from '../../../signing/signature-format.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { contentDigestion } from './content-digestion.ts'
import { readTrailer, statement, type Trailer } from './trailer.ts'

/**
 * Verifies a signed file of the format.
 *
 * @throws SigningError `TRAILER_MISSING`, `TRAILER_MALFORMED`, `TRAILER_CERTIFICATE_UNTRUSTED`, `TRAILER_SIGNATURE_INVALID`
 */
export async function verifyTrailer(
  handle: FileHandle,
  { certificateChain }: Pick<SignatureExpectation, 'certificateChain'>,
  passes: FilePasses,
): Promise<readonly FoundDirective[]> {
  const { size } = await handle.stat()
  const { contentSize, trailer } = await readTrailer(handle, size)
  if (trailer === undefined) throw new SigningError('TRAILER_MISSING', 'The file carries no signature.')
  const hashAlgorithm = hashAlgorithms[trailer.hash] as HashAlgorithm
  if (!trailer.certificate.equals(certificateChain[0] ?? Buffer.alloc(0)))
    throw new SigningError('TRAILER_CERTIFICATE_UNTRUSTED', 'The certificate is not the one that is trusted.')
  const digestion = contentDigestion({ contentSize, hashAlgorithm })
  const order = { input: handle.fd, output: undefined, end: size, hashed: false, digestion }
  const contentDigest = (await passes.read(order)).digested as Uint8Array
  if (!isSignature(trailer, contentDigest))
    throw new SigningError('TRAILER_SIGNATURE_INVALID', 'The signature is not for this content.')
  return [
    {
      directive: 'trailer-sign',
      attributes: {
        'hash-algorithm': hashAlgorithm,
        comment: trailer.comment.length === 0 ? null : trailer.comment.toString('utf8'),
      },
      contentDigests: [
        { content: 'content', algorithm: hashAlgorithm, digest: Buffer.from(contentDigest).toString('hex') },
      ],
      signerCertificate: trailer.certificate,
      certificates: [trailer.certificate],
      timestamp: undefined,
    },
  ]
}

/** Whether a trailer's certificate signed its comment and this digest. */
export function isSignature({ certificate, signature, comment, hash }: Trailer, contentDigest: Uint8Array): boolean {
  const { publicKey } = new X509Certificate(certificate)
  return verify(hashAlgorithms[hash], statement(comment, contentDigest), publicKey, signature)
}

/** SHA-256 of a trailer, hexadecimal. */
export function identityOf({ certificate, signature }: Trailer): string {
  return createHash('sha256').update(certificate).update(signature).digest('hex')
}
