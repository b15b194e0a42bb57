import {
  envelopedSignature,
  exclusiveCanonicalization,
  type SignatureMethod,
  signatureMethodOf,
  signatureNamespace,
} from './identifiers.ts'

/** What is signed: SignedInfo in its canonical form (XML Signature 1.1, §4.4), which is written here as such. */
export function signedInfo(key: SignatureMethod['key'], digest: Uint8Array): string {
  return infoElement(` xmlns="${signatureNamespace}"`, key, digest)
}

/**
 * The Signature element, in ASCII, with no white space: what stands in it besides is nobody's.
 *
 * @param value RSASSA-PKCS1-v1_5, or r and s of equal length
 * @param certificates DER, leaf first; none: no KeyInfo
 */
export function signatureElement(
  key: SignatureMethod['key'],
  digest: Uint8Array,
  value: Uint8Array,
  certificates: readonly Uint8Array[],
): string {
  const data = certificates.map((each) => `<X509Certificate>${base64(each)}</X509Certificate>`).join('')
  const keyInfo = data === '' ? '' : `<KeyInfo><X509Data>${data}</X509Data></KeyInfo>`
  const info = infoElement('', key, digest)
  return `<Signature xmlns="${signatureNamespace}">${info}<SignatureValue>${base64(value)}</SignatureValue>${keyInfo}</Signature>`
}

function infoElement(namespace: string, key: SignatureMethod['key'], digest: Uint8Array): string {
  const transforms = [envelopedSignature, exclusiveCanonicalization]
    .map((algorithm) => named('Transform', algorithm))
    .join('')
  return [
    `<SignedInfo${namespace}>`,
    named('CanonicalizationMethod', exclusiveCanonicalization),
    named('SignatureMethod', signatureMethodOf(key)),
    `<Reference URI=""><Transforms>${transforms}</Transforms>`,
    named('DigestMethod', 'http://www.w3.org/2001/04/xmlenc#sha256'),
    `<DigestValue>${base64(digest)}</DigestValue></Reference></SignedInfo>`,
  ].join('')
}

function named(element: string, algorithm: string): string {
  return `<${element} Algorithm="${algorithm}"></${element}>`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
