import { SigningError } from '../signing-error.ts'

/** The object identifier of SignedData (RFC 5652 §5.1), encoded. */
const signedData = Buffer.from('06092a864886f70d010702', 'hex')

/** Deeper than SignedData with certificates is nested; bounds what hostile input costs. */
const maximumDepth = 24
/** More than any chain with its roll-over certificates has. */
const maximumCertificates = 64

/** Whether these bytes begin as a ContentInfo with SignedData does, in DER or BER. */
export function isPkcs7(bytes: Uint8Array): boolean {
  const [tag, first = 0] = bytes
  const typeAt = 2 + (first <= 0x80 ? 0 : first & 0x7f)
  return tag === 0x30 && signedData.equals(bytes.subarray(typeAt, typeAt + signedData.length))
}

/**
 * The certificates in a PKCS #7 (RFC 2315) or CMS message (RFC 5652 §5), as authorities hand them out: SignedData without
 * content and signers. BER is read too, with lengths that are not given, since common libraries write it.
 *
 * @returns DER certificates in their order
 * @throws SigningError `PKCS7_MALFORMED`
 */
export function pkcs7Certificates(bytes: Uint8Array): readonly Uint8Array[] {
  const [contentInfo, ...behind] = elementsOf(bytes, 2)
  if (contentInfo?.tag !== 0x30 || behind.length > 0) throw malformed('it is not one SEQUENCE with nothing behind it')
  const [type, explicit] = elementsOf(contentInfo.content, 2)
  if (type === undefined || !signedData.equals(type.encoded) || explicit?.tag !== 0xa0)
    throw malformed('it does not hold SignedData')
  const [body] = elementsOf(explicit.content, 1)
  if (body?.tag !== 0x30) throw malformed('its SignedData is not a SEQUENCE')
  // version, digestAlgorithms, encapContentInfo, certificates [0], crls [1], signerInfos
  const fields = elementsOf(body.content, 6)
  const certificates = fields.find(({ tag }) => tag === 0xa0)
  const elements = certificates === undefined ? [] : elementsOf(certificates.content, maximumCertificates)
  // Attribute certificates ([1] and [2]) say something about a holder and issue nothing.
  return elements.filter(({ tag }) => tag === 0x30).map(({ encoded }) => encoded)
}

interface BerElement {
  readonly tag: number
  readonly content: Uint8Array
  readonly encoded: Uint8Array
}

function elementsOf(bytes: Uint8Array, limit: number): readonly BerElement[] {
  const elements: BerElement[] = []
  for (let at = 0; at < bytes.length && elements.length < limit; ) {
    const element = elementAt(bytes, at, 0)
    elements.push(element)
    at += element.encoded.length
  }
  return elements
}

/** Reads one element (X.690 §8.1); one without a length ends with two zero octets behind its last element. */
function elementAt(bytes: Uint8Array, start: number, depth: number): BerElement {
  if (depth > maximumDepth) throw malformed(`it is nested deeper than ${maximumDepth} levels`)
  const [tag, first] = [bytes[start], bytes[start + 1]]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f)
    throw malformed(`there is no element at byte ${start}`)
  if (first === 0x80) {
    if ((tag & 0x20) === 0) throw malformed(`an element at byte ${start} without a length is not constructed`)
    let at = start + 2
    while (bytes[at] !== 0 || bytes[at + 1] !== 0) at += elementAt(bytes, at, depth + 1).encoded.length
    return { tag, content: bytes.subarray(start + 2, at), encoded: bytes.subarray(start, at + 2) }
  }
  const octets = first < 0x80 ? 0 : first & 0x7f
  let length = first < 0x80 ? first : 0
  for (let index = 0; index < octets; index++) length = length * 256 + (bytes[start + 2 + index] ?? 0)
  const contentAt = start + 2 + octets
  if (octets > 4 || contentAt + length > bytes.length)
    throw malformed(`the element at byte ${start} is longer than what is there`)
  const end = contentAt + length
  return { tag, content: bytes.subarray(contentAt, end), encoded: bytes.subarray(start, end) }
}

function malformed(problem: string): SigningError {
  return new SigningError('PKCS7_MALFORMED', `This is not a PKCS #7 message with certificates: ${problem}.`)
}
