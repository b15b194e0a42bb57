import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import {
  type SignatureScheme,
  takeDigestAlgorithm,
  takeSignatureAlgorithm,
  takeSignatureAlgorithmOrPss,
} from './algorithm-identifiers.ts'
import { type Attribute, readAttributes } from './attributes.ts'
import { DerReader } from './der-reader.ts'
import { type EncapsulatedContent, enterSignedData, takeEncapsulatedContent } from './signed-data-structure.ts'
import { type SignerIdentifier, takeSignerIdentifier } from './signer-identifier.ts'

/** Who asks: the first part of the codes of the errors that reading and verifying throw. */
export type ErrorArea =
  | 'AUTHENTICODE'
  | 'AUTHENTICODE_TIMESTAMP'
  | 'DETACHED'
  | 'DETACHED_TIMESTAMP'
  | 'JAR'
  | 'JAR_TIMESTAMP'
  | 'JSF'
  | 'NUGET'
  | 'NUGET_TIMESTAMP'
  | 'TIMESTAMP'
  | 'XML'

/** A SignerInfo that has signed attributes. */
export interface SignerInfo {
  readonly identifier: SignerIdentifier
  readonly hash: HashAlgorithm
  readonly scheme: SignatureScheme
  readonly signedAttributes: readonly Attribute[]
  /** The SET OF Attribute that the signature covers (RFC 5652 §5.4). */
  readonly signedBytes: Uint8Array
  readonly signature: Uint8Array
  readonly unsignedAttributes: readonly Attribute[]
}

/** SignedData (RFC 5652 §5.1) with exactly one signer. Nothing of it is verified yet. */
export interface ParsedSignedData extends EncapsulatedContent {
  /** The embedded X.509 certificates, DER each. */
  readonly certificates: readonly Uint8Array[]
  /** Whether attribute certificates are embedded, which are passed over. */
  readonly hasAttributeCertificates: boolean
  /** Whether revocation lists are embedded. */
  readonly hasRevocationLists: boolean
  readonly signer: SignerInfo
}

/** What this service makes itself announces one digest algorithm. */
const signedHere: readonly ErrorArea[] = ['AUTHENTICODE', 'DETACHED', 'JAR']

/** More is no chain that anybody has, and bounds what hostile input costs. */
const certificateLimit = 32

/**
 * Reads a ContentInfo with SignedData strictly: DER throughout, the digest algorithm of the signer announced, signed
 * attributes present and in DER order, so that every verifier computes the same bytes under the signature.
 *
 * @param bytes exactly the ContentInfo
 * @param detached the content octets, where these are somewhere else; then none may be inside
 * @throws SigningError `<area>_MALFORMED`, `<area>_ALGORITHM_UNSUPPORTED`
 */
export function parseSignedData(bytes: Uint8Array, area: ErrorArea, detached?: Uint8Array): ParsedSignedData {
  const signedData = enterSignedData(bytes, `${area}_MALFORMED`)
  const version = signedData.smallInteger('the version of SignedData')
  if (![1, 3, 4, 5].includes(version))
    throw signedData.fault(`SignedData must have version 1, 3, 4 or 5, not ${version}`)
  const announced = readDigestAlgorithms(signedData)
  const encapsulated = takeEncapsulatedContent(signedData, detached)
  const certificates = signedData.takeOptional(0xa0, 'the certificates')
  const revocationLists = signedData.takeOptional(0xa1, 'the revocation lists')
  const signerInfos = signedData.enter(0x31, 'signerInfos')
  signedData.end('SignedData')
  const signer = readSignerInfo(signerInfos, area)
  signerInfos.end('the only SignerInfo')
  // Nothing covers this set: an algorithm that is not known could bring any parameters.
  const isForOne = announced.length === 1 || !signedHere.includes(area)
  if (!announced.includes(signer.hash) || announced.includes(undefined) || !isForOne)
    throw signedData.fault(
      `digestAlgorithms must name the digest algorithm of SignerInfo (${signer.hash}) and nothing else`,
      0,
    )

  return {
    ...encapsulated,
    ...readCertificates(certificates && signedData.inside(certificates)),
    hasRevocationLists: revocationLists !== undefined,
    signer,
  }
}

/**
 * CertificateSet (RFC 5652 §10.2.2 and §10.2.3). Attribute certificates, of version 1 ([1]) or 2 ([2]), say something
 * about a holder and take no part in a path; Microsoft's time-stamp authorities send them.
 */
function readCertificates(
  set: DerReader | undefined,
): Pick<ParsedSignedData, 'certificates' | 'hasAttributeCertificates'> {
  const elements = set?.rest(certificateLimit, 'the set of certificates') ?? []
  const unknown = elements.find(({ tag }) => tag !== 0x30 && tag !== 0xa1 && tag !== 0xa2)
  if (set !== undefined && unknown !== undefined)
    throw set.fault(`an element of the set of certificates has the tag 0x${unknown.tag.toString(16)}`, 0)
  const certificates = elements.filter(({ tag }) => tag === 0x30).map(({ encoded }) => encoded)
  return { certificates, hasAttributeCertificates: certificates.length < elements.length }
}

/** The announced algorithms, `undefined` for each that is not SHA-2. */
function readDigestAlgorithms(signedData: DerReader): readonly (HashAlgorithm | undefined)[] {
  const set = signedData.enter(0x31, 'digestAlgorithms')
  const announced: (HashAlgorithm | undefined)[] = []
  while (set.hasMore()) {
    if (announced.length === 16) throw set.fault('digestAlgorithms has more than 16 elements')
    announced.push(takeDigestAlgorithm(set, 'one of the digestAlgorithms'))
  }
  return announced
}

/**
 * Reads a SignerInfo by itself, such as the value of a counter-signature (RFC 5652 §11.4), as strictly.
 *
 * @param bytes exactly the SignerInfo
 * @throws SigningError `<area>_MALFORMED`, `<area>_ALGORITHM_UNSUPPORTED`
 */
export function parseSignerInfo(bytes: Uint8Array, area: ErrorArea): SignerInfo {
  const outer = new DerReader(bytes, `${area}_MALFORMED`)
  const signer = readSignerInfo(outer, area)
  outer.end('SignerInfo')
  return signer
}

function readSignerInfo(signerInfos: DerReader, area: ErrorArea): SignerInfo {
  const info = signerInfos.enter(0x30, 'SignerInfo')
  const version = info.smallInteger('the version of SignerInfo')
  const identifier = takeSignerIdentifier(info)
  if (version !== (identifier.kind === 'issuerAndSerialNumber' ? 1 : 3))
    throw info.fault(`SignerInfo has version ${version}, which does not fit how it names its certificate`)
  const hash = takeDigestAlgorithm(info, 'the digest algorithm of SignerInfo')
  if (hash === undefined)
    throw unsupported(area, 'The digest algorithm of the signer must be SHA-256, SHA-384 or SHA-512.')
  const signedElement = info.take(0xa0, 'the signed attributes')
  const signedAttributes = readAttributes(info.inside(signedElement), 'signed attributes')
  assertDerOrder(signedAttributes, info)
  const signedBytes = Uint8Array.from(signedElement.encoded)
  signedBytes[0] = 0x31

  // Only what a detached signature is ordered with names RSASSA-PSS.
  const takeScheme = area === 'DETACHED' ? takeSignatureAlgorithmOrPss : takeSignatureAlgorithm
  const scheme = takeScheme(info, 'the signature algorithm of SignerInfo')
  if (scheme === undefined)
    throw unsupported(area, 'The signature algorithm must be RSASSA-PKCS1-v1_5 or ECDSA, each with SHA-2.')
  if (scheme.hash !== undefined && scheme.hash !== hash)
    throw info.fault(`the signature algorithm is for ${scheme.hash}, but the digest algorithm is ${hash}`)
  const signature = info.take(0x04, 'the signature value').content
  const unsignedElement = info.takeOptional(0xa1, 'the unsigned attributes')
  info.end('SignerInfo')
  const unsignedAttributes =
    unsignedElement === undefined ? [] : readAttributes(info.inside(unsignedElement), 'unsigned attributes')
  return { identifier, hash, scheme, signedAttributes, signedBytes, signature, unsignedAttributes }
}

/** Some verifiers digest the attributes as they came, others sort them first; only sorted ones mean one thing. */
function assertDerOrder(attributes: readonly Attribute[], info: DerReader): void {
  attributes.forEach((attribute, index) => {
    const before = attributes[index - 1]
    if (before !== undefined && Buffer.compare(before.encoded, attribute.encoded) >= 0)
      throw info.fault(`the signed attribute ${attribute.type} is not in the order that DER asks of a SET OF`)
  })
}

function unsupported(area: ErrorArea, message: string): SigningError {
  return new SigningError(`${area}_ALGORITHM_UNSUPPORTED`, message)
}
