import { objectIdentifiers, readAnchors, readCertificateFields, validatePath } from '../cms/index.ts'
import type { SignatureExpectation } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import type { CheckedSignature } from './check-enveloped.ts'
import type { DocumentFindings } from './document-thread.ts'
import { digestMethods, envelopedSignature, exclusiveCanonicalization, signatureMethods } from './identifiers.ts'
import type { NamedAlgorithm } from './read-signature.ts'

/** An enveloped signature that was found good. */
export type VerifiedDocument = {
  /** DER; of the key that signed. */
  readonly signerCertificate: Uint8Array
  /** Those that travel with it, DER, in their order. */
  readonly certificates: readonly Uint8Array[]
  /** SHA-256 of the document's canonical form without the signature, hexadecimal. */
  readonly digest: string
}

const area = 'XML'

/**
 * Judges strictly what was read of a signed document: one signature below the root, the last thing in it, of the form of ours and with
 * nothing else in it; its digest is the document's, its value that of the key of its certificate, which leads to where trust ends.
 *
 * @param found as read with the leaf of the expected chain, for signatures without certificates
 * @throws SigningError `XML_SIGNATURE_MISSING`, `XML_SIGNATURE_MALFORMED`, `XML_UNSIGNED_CONTENT`, `XML_DIGEST_MISMATCH`,
 *   `XML_SIGNATURE_INVALID`, `XML_CHAIN_UNTRUSTED`, `XML_CERTIFICATE_EXPIRED`, `XML_CERTIFICATE_UNSUITABLE`
 */
export function verifyDocument(
  { signatures, digest }: DocumentFindings,
  { kept, certificateChain, at }: Pick<SignatureExpectation, 'kept' | 'certificateChain' | 'at'>,
): VerifiedDocument {
  const [signature, ...others] = signatures
  if (signature === undefined)
    throw new SigningError('XML_SIGNATURE_MISSING', 'The document has no signature right below its root.')
  if (others.length > 0 || kept.length > 0)
    throw new SigningError(
      'XML_UNSIGNED_CONTENT',
      `The document has ${signatures.length} signatures below its root; it can have one, since each would cover the others.`,
    )
  if (signature.kind === 'unreadable') throw new SigningError('XML_SIGNATURE_MALFORMED', signature.reason)
  const { checked, isLast } = signature
  if (!isLast || checked.extras.length > 0)
    throw new SigningError(
      'XML_UNSIGNED_CONTENT',
      isLast
        ? `The signature has in it what it does not cover: ${checked.extras.slice(0, 5).join(', ')}.`
        : 'The signature must be the last thing below the root.',
    )
  if (!isOfOurForm(checked))
    throw new SigningError(
      'XML_SIGNATURE_MALFORMED',
      'The signature names other algorithms or transforms than ours do.',
    )
  if (checked.digestHolds !== true)
    throw new SigningError('XML_DIGEST_MISMATCH', 'The digest in the signature is not that of the document.')
  if (checked.valueHolds !== true)
    throw new SigningError(
      'XML_SIGNATURE_INVALID',
      "The signature is not valid under the key of the signer's certificate.",
    )
  const signerCertificate = checked.certificates[0] ?? certificateChain[0]
  if (signerCertificate === undefined)
    throw new SigningError('XML_CERTIFICATE_MISSING', 'Neither the signature nor the caller has a certificate.')
  const read = (certificate: Uint8Array) => readCertificateFields(certificate, 'XML_SIGNATURE_MALFORMED')
  validatePath({
    leaf: read(signerCertificate),
    // Which certificates travel is the order's choice: the configured ones may stand between.
    embedded: [...checked.certificates, ...certificateChain].map(read),
    trust: readAnchors(certificateChain.slice(-1), area),
    at,
    purpose: objectIdentifiers.codeSigning,
    area,
  })
  return { signerCertificate, certificates: checked.certificates, digest }
}

/** Whether a signature names what ours do, and nothing else: by these alone two readers find the same. */
function isOfOurForm({ canonicalization, transforms, uri, digestMethod, signatureMethod }: CheckedSignature): boolean {
  const [enveloped, exclusive, ...others] = transforms
  return (
    uri === '' &&
    isPlain(canonicalization, exclusiveCanonicalization) &&
    isPlain(enveloped, envelopedSignature) &&
    isPlain(exclusive, exclusiveCanonicalization) &&
    others.length === 0 &&
    digestMethods.get(digestMethod) === 'sha256' &&
    signatureMethods.get(signatureMethod)?.hash === 'sha256'
  )
}

function isPlain(named: NamedAlgorithm | undefined, algorithm: string): boolean {
  return named !== undefined && named.algorithm === algorithm && named.prefixes.length === 0
}
