import { createHash } from 'node:crypto'
import { type DerElement, DerReader, objectIdentifiers } from '../cms/index.ts'

/** SignedData of one signer in its elements, each whole. */
export interface SignatureParts {
  /** Version, announced digest algorithms and content. */
  readonly version: Uint8Array
  readonly digestAlgorithms: readonly Uint8Array[]
  readonly content: Uint8Array
  readonly certificates: readonly Uint8Array[]
  /** The fields of the SignerInfo before its unsigned attributes. */
  readonly signerFields: readonly Uint8Array[]
  readonly unsignedAttributes: readonly Uint8Array[]
  /** Value of its signature. */
  readonly signature: Uint8Array
}

const elementLimit = 64

/**
 * Takes a package signature apart.
 *
 * @param code of the `SigningError` for what is not of this form
 */
export function takeApart(bytes: Uint8Array, code: string): SignatureParts {
  const outer = new DerReader(bytes, code)
  const contentInfo = outer.enter(0x30, 'ContentInfo')
  outer.end('ContentInfo')
  contentInfo.take(0x06, 'the type of ContentInfo')
  const signedData = contentInfo.enter(0xa0, 'the content of ContentInfo').enter(0x30, 'SignedData')
  const version = signedData.take(0x02, 'the version of SignedData').encoded
  const digestAlgorithms = signedData.enter(0x31, 'digestAlgorithms').rest(elementLimit, 'digestAlgorithms')
  const content = signedData.take(0x30, 'encapContentInfo').encoded
  const certificates = signedData.enter(0xa0, 'the certificates').rest(elementLimit, 'the certificates')
  const signers = signedData.enter(0x31, 'signerInfos')
  signedData.end('SignedData')
  const info = signers.enter(0x30, 'SignerInfo')
  signers.end('the only SignerInfo')
  const fields = info.rest(elementLimit, 'SignerInfo')
  const last = fields.at(-1)
  const unsigned = last?.tag === 0xa1 ? last : undefined
  const before = unsigned === undefined ? fields : fields.slice(0, -1)
  return {
    version,
    digestAlgorithms: encodings(digestAlgorithms),
    content,
    certificates: encodings(certificates),
    signerFields: encodings(before),
    unsignedAttributes:
      unsigned === undefined ? [] : encodings(info.inside(unsigned).rest(elementLimit, 'the unsigned attributes')),
    signature: before.at(-1)?.content ?? new Uint8Array(),
  }
}

function encodings(elements: readonly DerElement[]): readonly Uint8Array[] {
  return elements.map(({ encoded }) => encoded)
}

/** Whether an attribute is a counter-signature. */
export function isCountersignature(attribute: Uint8Array, code: string): boolean {
  const fields = new DerReader(attribute, code).enter(0x30, 'an attribute')
  return fields.objectIdentifier('the type of an attribute') === objectIdentifiers.countersignature
}

/**
 * SHA-256 of a primary signature, hexadecimal: of its content, its signer and that signer's attributes, all but counter-signatures, so that
 * it stays the same when a repository adds one.
 */
export function primaryIdentity({ content, signerFields, unsignedAttributes }: SignatureParts, code: string): string {
  const hash = createHash('sha256').update(content)
  for (const field of signerFields) hash.update(field)
  for (const attribute of unsignedAttributes) if (!isCountersignature(attribute, code)) hash.update(attribute)
  return hash.digest('hex')
}
