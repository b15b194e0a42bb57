import { createHash } from 'node:crypto'
import { type DerElement, DerReader, objectIdentifiers } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'

/** A primary signature and what was added to it. */
export interface SeparatedSignature {
  /** SHA-256, hexadecimal, over its content, the fields of its signer and that signer's unsigned attributes without counter-signatures. */
  readonly identity: string
  /** A SignerInfo each. */
  readonly countersignatures: readonly Uint8Array[]
}

const malformed = 'NUGET_MALFORMED'
const limit = 64

/**
 * Takes the counter-signatures out of a package signature, by code that the signing side does not share. Nothing is judged.
 *
 * @throws SigningError `NUGET_MALFORMED`
 */
export function separate(encoded: Uint8Array): SeparatedSignature {
  const contentInfo = children(encoded, 0x30, 'ContentInfo')
  const [signedData] = children(contentInfo[1], 0xa0, 'the content of ContentInfo')
  const fields = children(signedData, 0x30, 'SignedData')
  const content = fields[2]
  const [signerInfo, another] = children(fields.at(-1), 0x31, 'signerInfos')
  if (content === undefined || another !== undefined)
    throw new SigningError(malformed, 'A package signature has content and one signer.')
  const signer = children(signerInfo, 0x30, 'SignerInfo')
  const last = signer.at(-1)
  const attributes = last?.[0] === 0xa1 ? children(last, 0xa1, 'the unsigned attributes') : []
  const hash = createHash('sha256').update(content)
  for (const field of attributes.length > 0 ? signer.slice(0, -1) : signer) hash.update(field)
  const countersignatures: Uint8Array[] = []
  for (const attribute of attributes) {
    const [type, values] = children(attribute, 0x30, 'an unsigned attribute')
    const identifier = new DerReader(type ?? new Uint8Array(), malformed).objectIdentifier('the type of an attribute')
    if (identifier !== objectIdentifiers.countersignature) hash.update(attribute)
    else countersignatures.push(...children(values, 0x31, 'the counter-signatures'))
  }
  return { identity: hash.digest('hex'), countersignatures }
}

function children(encoded: Uint8Array | undefined, tag: number, what: string): readonly Uint8Array[] {
  const reader = new DerReader(encoded ?? new Uint8Array(), malformed)
  const elements: readonly DerElement[] = reader.enter(tag, what).rest(limit, what)
  reader.end(what)
  return elements.map((element) => element.encoded)
}
