import { type DerElement, enterSignedData, objectIdentifiers, takeEncapsulatedContent } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'

/** A catalog: SignedData (RFC 5652 §5.1) whose content is a list of digests, with or without a signer. */
export interface Catalog {
  /** The list as it stands there. */
  readonly list: DerElement
  readonly isSigned: boolean
}

/** Bytes of the largest catalog that is signed: it is read whole. Those of Windows itself have some megabytes. */
export const catalogSizeLimit = 64 * 1024 * 1024

const code = 'CATALOG_MALFORMED'

/**
 * Reads a catalog as far as signing it needs.
 *
 * @param bytes the whole file
 * @throws SigningError `CATALOG_MALFORMED`
 */
export function readCatalog(bytes: Uint8Array): Catalog {
  const signedData = enterSignedData(bytes, code)
  signedData.smallInteger('the version of SignedData')
  signedData.take(0x31, 'digestAlgorithms')
  const { contentType, content } = takeEncapsulatedContent(signedData)
  if (contentType !== objectIdentifiers.certificateTrustList || content.tag !== 0x30)
    throw new SigningError(
      code,
      `A catalog holds a list of digests (${objectIdentifiers.certificateTrustList}) as a SEQUENCE; this one holds ${contentType} with the tag 0x${content.tag.toString(16)}.`,
    )
  signedData.takeOptional(0xa0, 'the certificates')
  signedData.takeOptional(0xa1, 'the revocation lists')
  const signerInfos = signedData.take(0x31, 'signerInfos')
  signedData.end('SignedData')
  return { list: content, isSigned: signerInfos.content.length > 0 }
}

/** Enough for everything before the list, whatever the lengths around it. */
export const catalogStartSize = 512

/** `signedData` and the type of the list, as they stand in DER. */
const signedDataType = Buffer.from('06092a864886f70d010702', 'hex')
const listType = Buffer.from('06092b0601040182370a01', 'hex')

/**
 * Whether a file begins as a catalog does: by the type of its content, however long the lengths before it are.
 *
 * @param start its first bytes, {@link catalogStartSize} of them
 */
export function beginsAsCatalog(start: Buffer): boolean {
  let at = 0
  const enter = (tag: number): boolean => {
    const first = start[at + 1] ?? 0xff
    if (start[at] !== tag || first > 0x84) return false
    at += first > 0x80 ? 2 + (first & 0x7f) : 2
    return true
  }
  const skip = (tag: number): boolean => {
    const first = start[at + 1] ?? 0xff
    if (start[at] !== tag || first >= 0x80) return false
    at += 2 + first
    return true
  }
  const take = (bytes: Buffer): boolean => {
    const isThere = start.subarray(at, at + bytes.length).equals(bytes)
    at += bytes.length
    return isThere
  }
  return (
    enter(0x30) &&
    take(signedDataType) &&
    enter(0xa0) &&
    enter(0x30) &&
    skip(0x02) &&
    skip(0x31) &&
    enter(0x30) &&
    take(listType)
  )
}
