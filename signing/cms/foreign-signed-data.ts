import { DerReader } from './der-reader.ts'
import { nullValue } from './der-writer.ts'
import { enterSignedData, takeEncapsulatedContent } from './signed-data-structure.ts'
import { type SignerIdentifier, takeSignerIdentifier } from './signer-identifier.ts'

/** An attribute of a foreign signer: types may repeat. Values are whole elements. */
export interface ForeignAttribute {
  readonly type: string
  readonly values: readonly Uint8Array[]
}

/** A SignerInfo that somebody else made. Object identifiers are dotted text. */
export interface ForeignSigner {
  readonly identifier: SignerIdentifier
  readonly digestAlgorithm: string
  readonly signatureAlgorithm: string
  readonly signedAttributes: readonly ForeignAttribute[]
  /** The SET OF Attribute that the signature covers (RFC 5652 §5.4); `undefined` without signed attributes. */
  readonly signedBytes: Uint8Array | undefined
  readonly signature: Uint8Array
  readonly unsignedAttributes: readonly ForeignAttribute[]
  /** What else of it nothing signed covers, so that anything could stand there: a text for each. */
  readonly uncovered: readonly string[]
}

/** SignedData that somebody else made. Nothing of it is verified. */
export interface ForeignSignedData {
  readonly version: number
  readonly contentType: string
  /** The element inside `encapContentInfo`, whole, and its content octets, which the message digest is over. */
  readonly content: { readonly encoded: Uint8Array; readonly octets: Uint8Array }
  /** The embedded X.509 certificates, DER each. */
  readonly certificates: readonly Uint8Array[]
  readonly hasAttributeCertificates: boolean
  readonly hasRevocationLists: boolean
  readonly signer: ForeignSigner
  /** What else of it, its signer included, nothing signed covers: a text for each. */
  readonly uncovered: readonly string[]
}

const certificateLimit = 32
const attributeLimit = 64
const valueLimit = 64
const algorithmLimit = 16

/**
 * Reads SignedData (RFC 5652 §5.1) with one signer as far as plans and reports name it. It takes what `parseSignedData`
 * refuses because we would not sign so: any algorithm, attributes in any order, whatever version. DER it must be.
 *
 * @param bytes a ContentInfo, exactly
 * @param code the code of the `SigningError` for what cannot be read
 * @param detached the content octets, where these are somewhere else; then none may be inside
 */
export function readForeignSignedData(bytes: Uint8Array, code: string, detached?: Uint8Array): ForeignSignedData {
  const signedData = enterSignedData(bytes, code)
  const version = signedData.smallInteger('the version of SignedData')
  const announced = signedData.enter(0x31, 'digestAlgorithms')
  const { contentType, content } = takeEncapsulatedContent(signedData, detached)
  const certificates = signedData.takeOptional(0xa0, 'the certificates')
  const elements = certificates && signedData.inside(certificates).rest(certificateLimit, 'the set of certificates')
  const x509 = (elements ?? []).filter(({ tag }) => tag === 0x30).map(({ encoded }) => encoded)
  const revocationLists = signedData.takeOptional(0xa1, 'the revocation lists')
  const signers = signedData.enter(0x31, 'signerInfos')
  signedData.end('SignedData')
  const signer = readForeignSigner(signers.take(0x30, 'SignerInfo').encoded, code)
  signers.end('the only SignerInfo')
  return {
    version,
    contentType,
    content: { encoded: content.encoded, octets: content.content },
    certificates: x509,
    hasAttributeCertificates: (elements?.length ?? 0) > x509.length,
    hasRevocationLists: revocationLists !== undefined,
    signer,
    uncovered: [...otherDigestAlgorithms(announced, signer), ...signer.uncovered],
  }
}

/**
 * Reads a SignerInfo (RFC 5652 §5.3), such as the value of a counter-signature (§11.4).
 *
 * @param bytes exactly the SignerInfo
 * @param code the code of the `SigningError` for what cannot be read
 */
export function readForeignSigner(bytes: Uint8Array, code: string): ForeignSigner {
  const outer = new DerReader(bytes, code)
  const info = outer.enter(0x30, 'SignerInfo')
  outer.end('SignerInfo')
  info.smallInteger('the version of SignerInfo')
  const identifier = takeSignerIdentifier(info)
  const digest = takeAlgorithm(info, 'the digest algorithm of SignerInfo')
  const signed = info.takeOptional(0xa0, 'the signed attributes')
  const algorithm = takeAlgorithm(info, 'the signature algorithm of SignerInfo')
  const signature = info.take(0x04, 'the signature value').content
  const unsigned = info.takeOptional(0xa1, 'the unsigned attributes')
  info.end('SignerInfo')
  let signedBytes: Uint8Array | undefined
  if (signed !== undefined) {
    signedBytes = Uint8Array.from(signed.encoded)
    signedBytes[0] = 0x31
  }
  return {
    identifier,
    digestAlgorithm: digest.identifier,
    signatureAlgorithm: algorithm.identifier,
    signedAttributes: signed === undefined ? [] : readForeignAttributes(info.inside(signed), 'the signed attributes'),
    signedBytes,
    signature,
    unsignedAttributes:
      unsigned === undefined ? [] : readForeignAttributes(info.inside(unsigned), 'the unsigned attributes'),
    uncovered: [
      ...(digest.hasParameters ? ['parameters of the digest algorithm'] : []),
      ...(algorithm.hasParameters ? ['parameters of the signature algorithm'] : []),
    ],
  }
}

/** Every value of an attribute type, wherever it stands. */
export function valuesOf(attributes: readonly ForeignAttribute[], type: string): readonly Uint8Array[] {
  return attributes.filter((attribute) => attribute.type === type).flatMap(({ values }) => values)
}

function readForeignAttributes(reader: DerReader, what: string): readonly ForeignAttribute[] {
  return reader.rest(attributeLimit, what).map((element) => {
    if (element.tag !== 0x30) throw reader.fault(`every one of ${what} must be a SEQUENCE`)
    const fields = reader.inside(element)
    const type = fields.objectIdentifier(`the type of one of ${what}`)
    const values = fields.enter(0x31, `the values of ${type}`).rest(valueLimit, `the values of ${type}`)
    fields.end(`${type} in ${what}`)
    return { type, values: values.map(({ encoded }) => encoded) }
  })
}

/** The object identifier of an AlgorithmIdentifier, whatever its parameters. */
export function readAlgorithm(reader: DerReader, what: string): string {
  return takeAlgorithm(reader, what).identifier
}

function takeAlgorithm(
  reader: DerReader,
  what: string,
): { readonly identifier: string; readonly hasParameters: boolean } {
  const fields = reader.enter(0x30, what)
  const identifier = fields.objectIdentifier(what)
  return { identifier, hasParameters: fields.hasMore() && Buffer.compare(fields.unread, nullValue()) !== 0 }
}

/** What of `digestAlgorithms` (RFC 5652 §5.1) says more than which algorithm the signer uses. */
function otherDigestAlgorithms(set: DerReader, { digestAlgorithm }: ForeignSigner): readonly string[] {
  const others: string[] = []
  while (set.hasMore()) {
    if (others.length === algorithmLimit) throw set.fault(`digestAlgorithms has more than ${algorithmLimit} elements`)
    const { identifier, hasParameters } = takeAlgorithm(set, 'one of the digestAlgorithms')
    if (identifier !== digestAlgorithm || hasParameters) others.push(`the digest algorithm ${identifier}, announced`)
  }
  return others
}
