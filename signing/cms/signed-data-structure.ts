import { type DerElement, DerReader } from './der-reader.ts'
import { objectIdentifiers } from './object-identifiers.ts'

/** What `encapContentInfo` of SignedData holds (RFC 5652 §5.2). */
export interface EncapsulatedContent {
  readonly contentType: string
  /** The element inside its explicit [0]; of content that is somewhere else an OCTET STRING with its octets. */
  readonly content: DerElement
}

/**
 * Opens a ContentInfo with SignedData (RFC 5652 §3 and §5.1).
 *
 * @param bytes exactly the ContentInfo
 * @param code the code of the `SigningError` for what cannot be read
 * @returns a reader of the fields of SignedData
 */
export function enterSignedData(bytes: Uint8Array, code: string): DerReader {
  const outer = new DerReader(bytes, code)
  const contentInfo = outer.enter(0x30, 'ContentInfo')
  outer.end('ContentInfo')
  const type = contentInfo.objectIdentifier('the type of ContentInfo')
  if (type !== objectIdentifiers.signedData)
    throw contentInfo.fault(`ContentInfo must hold SignedData (${objectIdentifiers.signedData}), not ${type}`)
  const explicit = contentInfo.enter(0xa0, 'the content of ContentInfo')
  contentInfo.end('ContentInfo')
  const signedData = explicit.enter(0x30, 'SignedData')
  explicit.end('SignedData')
  return signedData
}

/**
 * Takes `encapContentInfo`.
 *
 * @param detached the content octets, where these are somewhere else; then none may be inside
 */
export function takeEncapsulatedContent(signedData: DerReader, detached?: Uint8Array): EncapsulatedContent {
  const encapsulated = signedData.enter(0x30, 'encapContentInfo')
  const contentType = encapsulated.objectIdentifier('the content type')
  if (detached !== undefined) {
    encapsulated.end('encapContentInfo without content')
    const content = { tag: 0x04, encoded: detached, content: detached, position: 0, contentPosition: 0 }
    return { contentType, content }
  }
  const explicit = encapsulated.enter(0xa0, 'the signed content')
  encapsulated.end('encapContentInfo')
  const content = explicit.takeAny('the signed content')
  explicit.end('the signed content')
  return { contentType, content }
}

/** Takes `encapContentInfo`, whose content must be elsewhere; answers with the content's type. */
export function takeDetachedContent(signedData: DerReader): string {
  const encapsulated = signedData.enter(0x30, 'encapContentInfo')
  const contentType = encapsulated.objectIdentifier('the content type')
  if (encapsulated.hasMore()) throw encapsulated.fault('the signed content must not be inside a detached signature')
  return contentType
}
