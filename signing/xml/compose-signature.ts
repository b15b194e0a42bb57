import { Buffer } from 'node:buffer'
import { DerReader } from '../cms/index.ts'
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

/**
 * The value of an ECDSA signature as XML has it (§6.4.3): r and s, each of the length of the curve's numbers.
 *
 * @param encoded DER ECDSA-Sig-Value
 * @throws SigningError `XML_SIGNATURE_MALFORMED`
 */
export function ecdsaValue(encoded: Uint8Array, length: number): Buffer {
  const outer = new DerReader(encoded, 'XML_SIGNATURE_MALFORMED')
  const inside = outer.enter(0x30, 'the ECDSA signature')
  const value = Buffer.alloc(2 * length)
  for (const end of [length, 2 * length]) {
    const number = Buffer.from(inside.integer('a number of the ECDSA signature'))
    const digits = number[0] === 0 ? number.subarray(1) : number
    digits.copy(value, end - digits.length)
  }
  return value
}
