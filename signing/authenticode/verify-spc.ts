import type { HashAlgorithm } from '../../domain/index.ts'
import {
  type Attribute,
  DerReader,
  objectIdentifiers,
  type ParsedSignedData,
  takeDigestAlgorithm,
} from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import { readPageHashes } from './verify-pages.ts'

/** SpcSpOpusInfo: what a signature says about the program. */
export interface ProgramInfo {
  readonly description?: string
  readonly descriptionUrl?: string
}

const code = 'AUTHENTICODE_MALFORMED'

/** What a signature must be about. */
export interface ExpectedSubject {
  /** The type in `data` of SpcIndirectDataContent. */
  readonly type: string
  /** What people call it. */
  readonly name: string
  /** Its value, a whole element; `undefined` when any SEQUENCE will do. */
  readonly value?: Uint8Array
}

/** A PE image. */
export const expectedPeImage: ExpectedSubject = { type: objectIdentifiers.spcPeImageData, name: 'a PE image' }

/** A digest by its algorithm. */
export interface SignedDigest {
  readonly hash: HashAlgorithm
  readonly digest: Uint8Array
  /** Of a PE image the digests of its pages, where the signature holds them. */
  readonly pageHashes?: Uint8Array | undefined
}

/**
 * Reads SpcIndirectDataContent.
 *
 * @throws SigningError `AUTHENTICODE_MALFORMED`, `AUTHENTICODE_ALGORITHM_UNSUPPORTED`
 */
export function readIndirectData({ contentType, content }: ParsedSignedData, subject: ExpectedSubject): SignedDigest {
  if (contentType !== objectIdentifiers.spcIndirectData || content.tag !== 0x30)
    throw new SigningError(code, `The signed content must be SpcIndirectDataContent, not ${contentType}.`)
  const fields = new DerReader(content.content, code, content.contentPosition)
  const typed = fields.enter(0x30, 'the data of SpcIndirectDataContent')
  const type = typed.objectIdentifier('the type of SpcIndirectDataContent')
  if (type !== subject.type)
    throw typed.fault(`the signature is for ${type}, not for ${subject.name} (${subject.type})`)
  const { encoded } = typed.take(0x30, `the value of ${type}`)
  if (subject.value !== undefined && Buffer.compare(subject.value, encoded) !== 0)
    throw typed.fault(`the signature is for files of another kind than ${subject.name}`)
  typed.end('the data of SpcIndirectDataContent')
  const info = fields.enter(0x30, 'the digest of SpcIndirectDataContent')
  const hash = takeDigestAlgorithm(info, 'the digest algorithm of SpcIndirectDataContent')
  if (hash === undefined)
    throw new SigningError(
      'AUTHENTICODE_ALGORITHM_UNSUPPORTED',
      "The file's digest must be SHA-256, SHA-384 or SHA-512.",
    )
  const { content: digest } = info.take(0x04, 'the digest of the file')
  info.end('the digest of SpcIndirectDataContent')
  fields.end('SpcIndirectDataContent')
  return { hash, digest, ...(type === objectIdentifiers.spcPeImageData && { pageHashes: readPageHashes(encoded) }) }
}

/**
 * Reads SpcSpOpusInfo from the signed attributes; empty when there is none.
 *
 * @throws SigningError `AUTHENTICODE_MALFORMED`
 */
export function readProgramInfo(attributes: readonly Attribute[]): ProgramInfo {
  const [value, ...others] = attributes.find(({ type }) => type === objectIdentifiers.spcOpusInfo)?.values ?? []
  if (value === undefined) return {}
  // Which of them is shown would be each reader's choice.
  if (others.length > 0) throw new SigningError(code, 'SpcSpOpusInfo must have one value.')
  const fields = new DerReader(value.encoded, code).enter(0x30, 'SpcSpOpusInfo')
  const description = fields.nextIs(0xa0) ? readString(fields.enter(0xa0, 'programName'), 'programName') : undefined
  const descriptionUrl = fields.nextIs(0xa1) ? readLink(fields.enter(0xa1, 'moreInfo')) : undefined
  fields.end('SpcSpOpusInfo')
  return { ...(description !== undefined && { description }), ...(descriptionUrl !== undefined && { descriptionUrl }) }
}

/** SpcString: BMPString under [0], IA5String under [1], both implicit. */
function readString(reader: DerReader, what: string): string {
  const { tag, content } = reader.takeAny(what)
  reader.end(what)
  if (tag === 0x81) return Buffer.from(content).toString('latin1')
  if (tag !== 0x80 || content.length % 2 !== 0) throw reader.fault(`${what} is not a well-formed SpcString`)
  return Buffer.from(content).swap16().toString('utf16le')
}

/** SpcLink: an address under [0], or a file name under [2]; a moniker says nothing that people read. */
function readLink(reader: DerReader): string | undefined {
  if (reader.nextIs(0xa2)) {
    const name = readString(reader.enter(0xa2, 'the file of moreInfo'), 'the file of moreInfo')
    reader.end('moreInfo')
    return name
  }
  const { tag, content } = reader.takeAny('moreInfo')
  reader.end('moreInfo')
  return tag === 0x80 ? Buffer.from(content).toString('latin1') : undefined
}
