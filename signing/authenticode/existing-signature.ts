import { createHash } from 'node:crypto'
import type { ExistingSignature } from '../../domain/index.ts'
import {
  checkForeignSigner,
  DerReader,
  type ForeignSignedData,
  type ForeignSigner,
  foreignHashes,
  objectIdentifiers,
  readAlgorithm,
  readForeignSignedData,
  valuesOf,
} from '../cms/index.ts'
import type { ForeignSignature, ForeignTrust } from '../foreign-verifier.ts'
import { SigningError } from '../signing-error.ts'
import { readExistingTimestamp, type TimestampOfSignature, timestampAttributes } from './existing-timestamp.ts'
import {
  issuerText,
  nameText,
  readableCertificates,
  shortList,
  shortText,
  uncoveredParts,
  unsignedAttribute,
} from './foreign-parts.ts'
import { type DescribedSignature, judgeSignature, judgeUnreadable } from './judge-signature.ts'
import { withoutNested } from './nest-signature.ts'

/** What a file's digest must be for a signature: the name of the hash, and the digest. */
export interface StatedDigest {
  /** As OpenSSL names it; `undefined` for an algorithm that is not known. */
  readonly hash: string | undefined
  readonly digest: Uint8Array
}

/** Where signatures of a format stand, and what they sign. */
export interface ExistingPlace {
  /** What plans call the place. */
  readonly place: string
  /** What a signature says of the file's digest. */
  readonly statedDigest: (signedData: ForeignSignedData) => StatedDigest
}

/** A signature as it was found, with what it says of the file's digest. */
export interface FoundSignature {
  readonly stated: StatedDigest | undefined
  /** The signature as a plan names it, once the file's digests are known. */
  describe(
    outcome: ExistingSignature['outcome'],
    fileDigest: (hash: string) => Uint8Array | undefined,
  ): ExistingSignature
  /** What it is worth to whoever trusts these. */
  judge(fileDigest: (hash: string) => Uint8Array | undefined, trust: ForeignTrust): ForeignSignature
}

const code = 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED'
/** Tools nest one deep. */
const depthLimit = 4

/**
 * Reads a signature that a file carries already, and those nested in it, as far as plans and reports name them. Whatever the
 * bytes are, there is an answer: what cannot be read is named as unreadable. Each is read when it is asked for, because a few
 * megabytes can hold a million of them.
 *
 * @param entry the content of a WIN_CERTIFICATE, or a ContentInfo
 * @param place default: the certificate table of a program
 */
export function readExistingSignatures(
  entry: Uint8Array,
  place: ExistingPlace = certificateTable,
): Generator<FoundSignature, void, undefined> {
  return readAll(entry, { ...place, depth: 0 }, (at) => {
    const outer = new DerReader(entry, code)
    const { encoded } = outer.take(0x30, 'the signature')
    const behind = outer.unread
    const padded = behind.length < 8 && behind.every((octet) => octet === 0)
    return readOne(encoded, at, padded ? [] : [`${behind.length} bytes behind the signature`])
  })
}

/** Where a signature of a program stands, and how deep in others. */
const certificateTable: ExistingPlace = { place: 'certificate table', statedDigest: readStatedDigest }
const tableEntry: DeepPlace = { ...certificateTable, depth: 0 }

/** Bytes in the place of a signature that are none. */
export function unreadableSignature(entry: Uint8Array, reason: string, at: DeepPlace = tableEntry): FoundSignature {
  const sha256 = sha256Of(entry)
  const describe: FoundSignature['describe'] = (outcome) => ({
    ...{ kind: 'unreadable', outcome, ...placeAt(at) },
    ...{ sha256, reason: shortText(reason) },
  })
  const judge = () => judgeUnreadable(describe('kept', () => undefined))
  return { stated: undefined, describe, judge }
}

/** Where a signature stands that is nested so deep in others. */
type DeepPlace = ExistingPlace & { readonly depth: number }

/** A signature that was read, and those nested in it, which were not. */
interface ReadSignature {
  readonly found: FoundSignature
  readonly nested: readonly Uint8Array[]
}

function* readAll(
  encoded: Uint8Array,
  at: DeepPlace,
  read: (at: DeepPlace) => ReadSignature,
): Generator<FoundSignature, void, undefined> {
  const { found, nested } = attempt(encoded, at, read)
  yield found
  const deeper = { ...at, depth: at.depth + 1 }
  for (const inner of nested) yield* readAll(inner, deeper, (place) => readOne(inner, place, []))
}

function attempt(encoded: Uint8Array, at: DeepPlace, read: (at: DeepPlace) => ReadSignature): ReadSignature {
  try {
    return read(at)
  } catch (error) {
    if (!(error instanceof SigningError)) throw error
    return { found: unreadableSignature(encoded, error.message, at), nested: [] }
  }
}

function readOne(encoded: Uint8Array, at: DeepPlace, alsoUncovered: readonly string[]): ReadSignature {
  if (at.depth > depthLimit)
    throw new SigningError(code, `It is nested in signatures that are nested ${depthLimit} deep.`)
  const signedData = readForeignSignedData(encoded, code)
  const stated = at.statedDigest(signedData)
  const sha256 = sha256Of(withoutNested(encoded))
  const describeFor = (
    outcome: ExistingSignature['outcome'],
    fileDigest: (hash: string) => Uint8Array | undefined,
  ): DescribedSignature => ({
    kind: 'signature',
    outcome,
    ...placeAt(at),
    sha256,
    ...describe(signedData, stated, alsoUncovered, fileDigest),
  })
  const found: FoundSignature = {
    stated,
    describe: describeFor,
    judge: (fileDigest, trust) => judgeSignature(signedData, describeFor('kept', fileDigest), trust),
  }
  return { found, nested: valuesOf(signedData.signer.unsignedAttributes, objectIdentifiers.spcNestedSignature) }
}

function placeAt({ place, depth }: DeepPlace): Pick<ExistingSignature, 'place' | 'depth'> {
  return { place: depth === 0 ? place : 'nested signature', depth }
}

type Description = Omit<DescribedSignature, 'kind' | 'outcome' | 'place' | 'depth' | 'sha256'>

function describe(
  signedData: ForeignSignedData,
  stated: StatedDigest,
  alsoUncovered: readonly string[],
  fileDigest: (hash: string) => Uint8Array | undefined,
): Description {
  const { signer, contentType, content } = signedData
  const embedded = readableCertificates(signedData.certificates)
  const { certificate, verdict } = checkForeignSigner(signer, content.octets, contentType, embedded)
  const timestamp = readExistingTimestamp(signer, embedded)
  const fits =
    stated.hash !== undefined && Buffer.compare(fileDigest(stated.hash) ?? new Uint8Array(), stated.digest) === 0
  return {
    signer: certificate === undefined ? null : nameText(certificate.subject),
    ...issuerText(signer, certificate),
    digestAlgorithm: stated.hash ?? signer.digestAlgorithm,
    integrity:
      stated.hash === undefined ? 'unchecked' : !fits ? 'fileChanged' : verdict === 'valid' ? 'intact' : verdict,
    timestamp: timestamp?.described ?? null,
    uncovered: shortList([
      ...alsoUncovered,
      ...uncoveredParts(signedData, embedded, [certificate, timestamp?.counterSigner]),
      ...foreignAttributes(signer, timestamp),
    ]),
  }
}

/**
 * SpcIndirectDataContent, whatever it is about. Some signers put it into an OCTET STRING, as CMS has content that is not of
 * PKCS #7; Windows takes that.
 */
export function readStatedDigest({ contentType, content }: ForeignSignedData): StatedDigest {
  if (contentType !== objectIdentifiers.spcIndirectData)
    throw new SigningError(code, `The signed content is ${contentType}, and not the digest of a file.`)
  const isWrapped = content.encoded[0] === 0x04
  const fields = new DerReader(isWrapped ? content.octets : content.encoded, code).enter(0x30, 'SpcIndirectDataContent')
  fields.take(0x30, 'the data of SpcIndirectDataContent')
  const info = fields.enter(0x30, 'the digest of SpcIndirectDataContent')
  const hash = foreignHashes.get(readAlgorithm(info, 'the digest algorithm of SpcIndirectDataContent'))
  return { hash, digest: info.take(0x04, 'the digest of the file').content }
}

/**
 * Unsigned attributes that are not described: some vendors keep data of their own there. Of the kind that the time-stamp is of,
 * all values but the first are meant.
 */
function foreignAttributes(
  { unsignedAttributes }: ForeignSigner,
  timestamp: TimestampOfSignature | undefined,
): readonly string[] {
  const described = timestamp && timestampAttributes[timestamp.described.kind]
  const others = unsignedAttributes.filter(
    ({ type }) => type !== objectIdentifiers.spcNestedSignature && type !== described,
  )
  const hasMore = described !== undefined && valuesOf(unsignedAttributes, described).length > 1
  return [
    ...others.map(unsignedAttribute),
    ...(hasMore ? [`further values of the unsigned attribute ${described}`] : []),
  ]
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
