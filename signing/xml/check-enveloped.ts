import { createHash, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import type { XmlDocument, XmlElement } from 'libxml2-wasm'
import { canonicalForm } from './document.ts'
import { canonicalForms, digestMethods, envelopedSignature, signatureMethods } from './identifiers.ts'
import { readSignature, type XmlSignature } from './read-signature.ts'

/** An enveloped signature, and whether it fits the document and a key. */
export type CheckedSignature = Omit<XmlSignature, 'signedOctets'> & {
  /** `undefined` for transforms and algorithms that are not known. */
  readonly digestHolds: boolean | undefined
  /** `undefined` for algorithms that are not known, and where there is no key. */
  readonly valueHolds: boolean | undefined
}

/** Octets of r and of s, by curve. */
const coordinateLengths: Readonly<Record<string, number>> = { prime256v1: 32, secp384r1: 48, secp521r1: 66 }

/**
 * Checks a signature that is enveloped by its document (XML Signature 1.1, §3.2): by the digest of the document without it, and by the
 * key of its first certificate. Whom to trust is not judged.
 *
 * @param element of the document; it is taken out of it
 * @param certificate DER, where the signature has none of its own
 * @throws SigningError `XML_SIGNATURE_MALFORMED`, `XML_DOCUMENT_MALFORMED`
 */
export function checkEnveloped(
  document: XmlDocument,
  element: XmlElement,
  certificate: Uint8Array | undefined,
): CheckedSignature {
  const { signedOctets, ...signature } = readSignature(element)
  const key = publicKeyOf(signature.certificates[0] ?? certificate)
  const valueHolds =
    signedOctets === undefined || key === undefined ? undefined : isSignedBy(key, signature, signedOctets)
  element.remove()
  return { ...signature, valueHolds, digestHolds: digestHolds(document, signature) }
}

function digestHolds(
  document: XmlDocument,
  { uri, transforms, digestMethod, digest }: Omit<XmlSignature, 'signedOctets'>,
): boolean | undefined {
  const hash = digestMethods.get(digestMethod)
  const [enveloped, ...others] = transforms
  if (hash === undefined || uri !== '' || enveloped?.algorithm !== envelopedSignature || others.length > 1)
    return undefined
  const [last] = others
  // Without another transform the document is digested in its inclusive form (§4.4.3.2), and a reference "" has no comments (§4.4.3.3).
  const form = canonicalForms.get(last?.algorithm ?? 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315')
  if (form === undefined) return undefined
  const octets = canonicalForm(document, { ...form, withComments: false }, last?.prefixes)
  return createHash(hash).update(octets, 'utf8').digest().equals(digest)
}

function isSignedBy(
  key: KeyObject,
  { signatureMethod, value }: Pick<XmlSignature, 'signatureMethod' | 'value'>,
  octets: string,
): boolean | undefined {
  const method = signatureMethods.get(signatureMethod)
  if (method === undefined || method.key !== key.asymmetricKeyType) return undefined
  const length = coordinateLengths[key.asymmetricKeyDetails?.namedCurve ?? '']
  // r and s, each as long as the curve's numbers (§6.4.3): DER is another signature's form.
  if (method.key === 'ec' && (length === undefined || value.length !== 2 * length)) return false
  try {
    return verify(method.hash, Buffer.from(octets, 'utf8'), { key, dsaEncoding: 'ieee-p1363' }, value)
  } catch {
    return false
  }
}

function publicKeyOf(certificate: Uint8Array | undefined): KeyObject | undefined {
  if (certificate === undefined) return undefined
  try {
    return createPublicKey(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'pem' }))
  } catch {
    return undefined
  }
}

/** The SHA-256 that a signature of ours has of a document, hexadecimal: of its exclusive canonical form, without comments. */
export function documentDigest(document: XmlDocument): string {
  const octets = canonicalForm(document, { kind: 'exclusive', withComments: false })
  return createHash('sha256').update(octets, 'utf8').digest('hex')
}
