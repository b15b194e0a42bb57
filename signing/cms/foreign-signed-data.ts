import { DerReader } from './der-reader.ts'
import { objectIdentifiers } from './object-identifiers.ts'

/** An attribute of a foreign signer: types may repeat. Values are whole elements. */
export interface ForeignAttribute {
  readonly type: string
  readonly values: readonly Uint8Array[]
}

/** A SignerInfo that somebody else made. Object identifiers are dotted text. */
export interface ForeignSigner {
  /** How it names its certificate: a Name element and the content octets of a serial number, or a key identifier. */
  readonly identifier:
    | { readonly kind: 'issuerAndSerialNumber'; readonly issuer: Uint8Array; readonly serialNumber: Uint8Array }
    | { readonly kind: 'subjectKeyIdentifier'; readonly keyIdentifier: Uint8Array }
  readonly digestAlgorithm: string
  readonly signatureAlgorithm: string
  readonly signedAttributes: readonly ForeignAttribute[]
  /** The SET OF Attribute that the signature covers (RFC 5652 §5.4); `undefined` without signed attributes. */
  readonly signedBytes: Uint8Array | undefined
  readonly signature: Uint8Array
  readonly unsignedAttributes: readonly ForeignAttribute[]
}

/** SignedData that somebody else made. Nothing of it is verified. */
export interface ForeignSignedData {
  readonly contentType: string
  /** The element inside `encapContentInfo`, whole, and its content octets, which the message digest is over. */
  readonly content: { readonly encoded: Uint8Array; readonly octets: Uint8Array }
  /** The embedded X.509 certificates, DER each. */
  readonly certificates: readonly Uint8Array[]
  readonly hasAttributeCertificates: boolean
  readonly hasRevocationLists: boolean
  readonly signer: ForeignSigner
}

const certificateLimit = 32
const attributeLimit = 64
const valueLimit = 64

/**
 * Reads SignedData (RFC 5652 §5.1) with one signer as far as plans and reports name it. It takes what `parseSignedData`
 * refuses because we would not sign so: any algorithm, attributes in any order, whatever version. DER it must be.
 *
 * @param bytes a ContentInfo, exactly
 * @param code the code of the `SigningError` for what cannot be read
 */
export function readForeignSignedData(bytes: Uint8Array, code: string): ForeignSignedData {
  const outer = new DerReader(bytes, code)
  const contentInfo = outer.enter(0x30, 'ContentInfo')
  outer.end('ContentInfo')
  const type = contentInfo.objectIdentifier('the type of ContentInfo')
  if (type !== objectIdentifiers.signedData) throw contentInfo.fault(`ContentInfo holds ${type} and not SignedData`)
  const signedData = contentInfo.enter(0xa0, 'the content of ContentInfo').enter(0x30, 'SignedData')
  signedData.integer('the version of SignedData')
  signedData.take(0x31, 'digestAlgorithms')
  const encapsulated = signedData.enter(0x30, 'encapContentInfo')
  const contentType = encapsulated.objectIdentifier('the content type')
  const content = encapsulated.enter(0xa0, 'the signed content').takeAny('the signed content')
  const certificates = signedData.takeOptional(0xa0, 'the certificates')
  const elements = certificates && signedData.inside(certificates).rest(certificateLimit, 'the set of certificates')
  const x509 = (elements ?? []).filter(({ tag }) => tag === 0x30).map(({ encoded }) => encoded)
  const revocationLists = signedData.takeOptional(0xa1, 'the revocation lists')
  const signers = signedData.enter(0x31, 'signerInfos')
  signedData.end('SignedData')
  const signer = readForeignSigner(signers.take(0x30, 'SignerInfo').encoded, code)
  signers.end('the only SignerInfo')
  return {
    contentType,
    content: { encoded: content.encoded, octets: content.content },
    certificates: x509,
    hasAttributeCertificates: (elements?.length ?? 0) > x509.length,
    hasRevocationLists: revocationLists !== undefined,
    signer,
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
  info.integer('the version of SignerInfo')
  const identifier = readIdentifier(info)
  const digestAlgorithm = readAlgorithm(info, 'the digest algorithm of SignerInfo')
  const signed = info.takeOptional(0xa0, 'the signed attributes')
  const signatureAlgorithm = readAlgorithm(info, 'the signature algorithm of SignerInfo')
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
    digestAlgorithm,
    signatureAlgorithm,
    signedAttributes: signed === undefined ? [] : readForeignAttributes(info.inside(signed), 'the signed attributes'),
    signedBytes,
    signature,
    unsignedAttributes:
      unsigned === undefined ? [] : readForeignAttributes(info.inside(unsigned), 'the unsigned attributes'),
  }
}

/** Every value of an attribute type, wherever it stands. */
export function valuesOf(attributes: readonly ForeignAttribute[], type: string): readonly Uint8Array[] {
  return attributes.filter((attribute) => attribute.type === type).flatMap(({ values }) => values)
}

function readForeignAttributes(reader: DerReader, what: string): readonly ForeignAttribute[] {
  return reader.rest(attributeLimit, what).map((element) => {
    const fields = reader.inside(element)
    const type = fields.objectIdentifier(`the type of one of ${what}`)
    const values = fields.enter(0x31, `the values of ${type}`).rest(valueLimit, `the values of ${type}`)
    fields.end(`${type} in ${what}`)
    return { type, values: values.map(({ encoded }) => encoded) }
  })
}

function readIdentifier(info: DerReader): ForeignSigner['identifier'] {
  const keyIdentifier = info.takeOptional(0x80, 'the subject key identifier')
  if (keyIdentifier !== undefined) return { kind: 'subjectKeyIdentifier', keyIdentifier: keyIdentifier.content }
  const fields = info.enter(0x30, 'issuerAndSerialNumber')
  const issuer = fields.take(0x30, 'the issuer of issuerAndSerialNumber').encoded
  const serialNumber = fields.take(0x02, 'the serial number of issuerAndSerialNumber').content
  fields.end('issuerAndSerialNumber')
  return { kind: 'issuerAndSerialNumber', issuer, serialNumber }
}

/** The object identifier of an AlgorithmIdentifier, whatever its parameters. */
export function readAlgorithm(reader: DerReader, what: string): string {
  return reader.enter(0x30, what).objectIdentifier(what)
}
