import { objectIdentifiers, readAnchors, readCertificateFields, validatePath } from '../cms/index.ts'
import { digestSignatureHolds } from '../detached/verify-digest.ts'
import type { SignatureExpectation } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { type JsfAlgorithm, jsfAlgorithms } from './algorithms.ts'
import type { FoundSignature, JsonFindings } from './document-thread.ts'

/** A signature that was found good. */
export type VerifiedJson = {
  readonly algorithm: JsfAlgorithm
  /** Those that travel with it, DER, leaf first. */
  readonly certificates: readonly Uint8Array[]
  /** Of the document without its signature, by the algorithm's hash; hexadecimal. */
  readonly digest: string
}

const area = 'JSF'

/**
 * Judges strictly what was read of a signed document: a signature with algorithm, certificates and value, and nothing else; the value is
 * that of the first certificate's key over the canonical form of everything else, and the certificates lead to where trust ends.
 *
 * @throws SigningError `JSF_SIGNATURE_MISSING`, `JSF_MALFORMED`, `JSF_UNSIGNED_CONTENT`, `JSF_SIGNATURE_INVALID`, `JSF_CHAIN_UNTRUSTED`,
 *   `JSF_CERTIFICATE_MISSING`, `JSF_CERTIFICATE_EXPIRED`, `JSF_CERTIFICATE_UNSUITABLE`
 */
export async function verifyJson(
  { existing }: JsonFindings,
  { kept, certificateChain, at }: Pick<SignatureExpectation, 'kept' | 'certificateChain' | 'at'>,
): Promise<VerifiedJson> {
  if (existing === undefined || kept.length > 0)
    throw new SigningError('JSF_SIGNATURE_MISSING', 'The document has not the signature that it should have.')
  if (existing.kind === 'unreadable') throw new SigningError('JSF_MALFORMED', existing.reason)
  const { certificates, others, documentDigest } = existing
  if (others.length > 0)
    throw new SigningError(
      'JSF_UNSIGNED_CONTENT',
      `The signature has other properties than ours: ${others.slice(0, 5).join(', ')}.`,
    )
  const algorithm = jsfAlgorithms.get(existing.algorithm)
  if (algorithm === undefined || documentDigest === undefined)
    throw new SigningError(
      'JSF_ALGORITHM_UNSUPPORTED',
      `The algorithm ${existing.algorithm.slice(0, 40)} is none of ours.`,
    )
  const [leaf] = certificates
  if (leaf === undefined) throw new SigningError('JSF_CERTIFICATE_MISSING', 'The signature has no certificates in it.')
  if ((await valueHolds(existing)) !== true)
    throw new SigningError(
      'JSF_SIGNATURE_INVALID',
      "The signature is not that of the certificate's key over this document.",
    )
  const read = (certificate: Uint8Array) => readCertificateFields(certificate, 'JSF_MALFORMED')
  validatePath({
    leaf: read(leaf),
    embedded: certificates.map(read),
    trust: readAnchors(certificateChain.slice(-1), area),
    at,
    purpose: objectIdentifiers.codeSigning,
    area,
  })
  return { algorithm, certificates, digest: documentDigest }
}

/** Whether the value is that of the first certificate's key; `undefined` where that cannot be said. */
export async function valueHolds(
  signature: Extract<FoundSignature, { kind: 'signature' }>,
): Promise<boolean | undefined> {
  const algorithm = jsfAlgorithms.get(signature.algorithm)
  const [leaf] = signature.certificates
  if (algorithm === undefined || leaf === undefined || signature.signedDigest === undefined) return undefined
  const { hash, padding } = algorithm
  const { publicKey, opened } = readCertificateFields(leaf, 'JSF_MALFORMED')
  const { asymmetricKeyType, asymmetricKeyDetails } = opened()?.key ?? {}
  const fits =
    algorithm.curve === undefined ? asymmetricKeyType === 'rsa' : asymmetricKeyDetails?.namedCurve === algorithm.curve
  if (!fits) return false
  return digestSignatureHolds(publicKey, {
    digest: signature.signedDigest,
    hash,
    padding,
    ecdsa: 'ieee',
    signature: signature.value,
  })
}
