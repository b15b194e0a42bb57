import type { HashAlgorithm } from '../../domain/index.ts'
import {
  type CertificateFields,
  findUncovered,
  objectIdentifiers,
  type ParsedSignedData,
  parseSignedData,
  readAnchors,
  readCertificateFields,
  subjectOf,
  type Trust,
  validatePath,
  verifySigner,
} from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import { imprintOf, type VerifiedTimestamp, verifyTimestampToken } from '../timestamp/index.ts'
import {
  expectedPeImage,
  type ProgramInfo,
  readIndirectData,
  readProgramInfo,
  type SignedDigest,
} from './verify-spc.ts'

/** Whom to trust, and when. */
export interface SignatureTrust {
  /** DER certificates that signers must lead to; without them a self-signed certificate inside the signature will do. */
  readonly trustedCertificates?: readonly Uint8Array[]
  /** DER certificates that time-stamp authorities must lead to; without them a time-stamp proves no time. */
  readonly trustedTimestampCertificates?: readonly Uint8Array[]
  /** When certificates must be valid where no trusted time-stamp says when the file was signed; now by default. */
  readonly at?: Date
}

/** The time-stamp of a signature. */
export interface VerifiedSignatureTime {
  readonly time: Date
  /** Subject of the authority's certificate. */
  readonly authority: string
  /** Whether the authority leads to one of the trusted time-stamp certificates. */
  readonly trusted: boolean
  /** What the authority sent along that nothing signed covers, so that anything could stand there: a text for each. */
  readonly uncovered: readonly string[]
}

/** A signature that was found good. */
export interface VerifiedSignature {
  /** The signer's certificate, DER, and its subject. */
  readonly signerCertificate: Uint8Array
  /** The certificates that travel with it, DER, in their order. */
  readonly certificates: readonly Uint8Array[]
  readonly signer: string
  readonly digestAlgorithm: HashAlgorithm
  readonly contentDigest: Uint8Array
  /** Of a PE image the digests of its pages, where the signature holds them. */
  readonly pageHashes?: Uint8Array
  readonly description?: string
  readonly descriptionUrl?: string
  readonly timestamp?: VerifiedSignatureTime
  /** Whether it is nested inside the primary signature. */
  readonly nested: boolean
}

/** A signature that was read but not verified. */
export interface ReadSignature {
  readonly signedData: ParsedSignedData
  /** The digest that it signs, of the file by the format's rule. */
  readonly contentHash: HashAlgorithm
  readonly contentDigest: Uint8Array
  readonly pageHashes: Uint8Array | undefined
  readonly program: ProgramInfo
  readonly token: Uint8Array | undefined
  readonly nested: boolean
}

const area = 'AUTHENTICODE'
const malformed = 'AUTHENTICODE_MALFORMED'
/** More is nothing that anybody signs, and bounds what hostile input costs. */
const nestedLimit = 16

/** Reads what a signature signs: the digest of the file, or of the content itself. */
export type ReadSignedDigest = (signedData: ParsedSignedData) => SignedDigest

const ofPeImage: ReadSignedDigest = (signedData) => readIndirectData(signedData, expectedPeImage)

/**
 * Reads the primary signature of a PE file, a ContentInfo, and those nested in it.
 *
 * @throws SigningError `AUTHENTICODE_MALFORMED`, `AUTHENTICODE_ALGORITHM_UNSUPPORTED`,
 * `AUTHENTICODE_UNSIGNED_CONTENT`
 */
export function readSignatures(encoded: Uint8Array): readonly ReadSignature[] {
  const { signature, nested } = readSignature(encoded, { isNested: false, mayNest: true, readDigest: ofPeImage })
  if (nested.length > nestedLimit)
    throw new SigningError(
      malformed,
      `The signature has ${nested.length} nested ones; at most ${nestedLimit} are taken.`,
    )
  return [signature, ...nested.map(readNestedSignature)]
}

/**
 * Reads a signature that is nested in one of others, by itself.
 *
 * @throws SigningError as {@link readSignatures}
 */
export function readNestedSignature(encoded: Uint8Array): ReadSignature {
  return readSignature(encoded, { isNested: true, mayNest: false, readDigest: ofPeImage }).signature
}

/**
 * Reads the only signature of a file of a format that has no nested ones.
 *
 * @throws SigningError as {@link readSignatures}
 */
export function readOnlySignature(encoded: Uint8Array, readDigest: ReadSignedDigest): ReadSignature {
  return readSignature(encoded, { isNested: false, mayNest: false, readDigest }).signature
}

function readSignature(
  encoded: Uint8Array,
  {
    isNested: nested,
    mayNest,
    readDigest,
  }: { readonly isNested: boolean; readonly mayNest: boolean; readonly readDigest: ReadSignedDigest },
): { readonly signature: ReadSignature; readonly nested: readonly Uint8Array[] } {
  const signedData = parseSignedData(encoded, area)
  if (signedData.hasRevocationLists || signedData.hasAttributeCertificates)
    throw new SigningError(
      'AUTHENTICODE_UNSIGNED_CONTENT',
      'Revocation lists and attribute certificates do not belong into a signature of a file, which does not cover them.',
    )
  if (signedData.signer.identifier.kind !== 'issuerAndSerialNumber')
    throw new SigningError(malformed, 'An Authenticode signer is named by issuer and serial number.')
  let token: Uint8Array | undefined
  let inner: readonly Uint8Array[] = []
  for (const { type, values } of signedData.signer.unsignedAttributes) {
    const contents = values.map((value) => value.encoded)
    if (type === objectIdentifiers.spcRfc3161Timestamp && contents.length === 1) token = contents[0]
    else if (type === objectIdentifiers.spcNestedSignature && mayNest) inner = contents
    else
      throw new SigningError(
        'AUTHENTICODE_UNSIGNED_CONTENT',
        `The unsigned attribute ${type} with ${values.length} values is not accepted here: one RFC 3161 time-stamp is, ` +
          'and in a primary signature nested ones are.',
      )
  }
  const signed = readDigest(signedData)
  if (signed.hash !== signedData.signer.hash)
    throw new SigningError(
      malformed,
      `The file's digest is ${signed.hash}, but the signer uses ${signedData.signer.hash}; they must be the same.`,
    )
  return {
    signature: {
      signedData,
      contentHash: signed.hash,
      contentDigest: signed.digest,
      pageHashes: signed.pageHashes,
      program: readProgramInfo(signedData.signer.signedAttributes),
      token,
      nested,
    },
    nested: inner,
  }
}

/**
 * Verifies everything of a signature but that the digest that it signs is the file's.
 *
 * @throws SigningError with an `AUTHENTICODE_…` code
 */
export function verifySignature(signature: ReadSignature, trust: SignatureTrust): VerifiedSignature {
  const { signedData } = signature
  const embedded = signedData.certificates.map((certificate) => readCertificateFields(certificate, malformed))
  const leaf = verifySigner(signedData, embedded, area)
  const timestamp = signature.token === undefined ? undefined : verifyTime(signature.token, signedData, trust)
  const roots: Trust =
    trust.trustedCertificates === undefined ? { kind: 'embedded-root' } : readAnchors(trust.trustedCertificates, area)
  const path = validatePath({
    leaf,
    embedded,
    trust: roots,
    at: timestamp?.trusted === true ? timestamp.time : (trust.at ?? new Date()),
    purpose: objectIdentifiers.codeSigning,
    area,
  })
  assertAllCovered(embedded, path, roots)
  const { description, descriptionUrl } = signature.program
  return {
    signerCertificate: leaf.encoded,
    certificates: signedData.certificates,
    signer: subjectOf(leaf),
    digestAlgorithm: signature.contentHash,
    contentDigest: signature.contentDigest,
    nested: signature.nested,
    ...(signature.pageHashes !== undefined && { pageHashes: signature.pageHashes }),
    ...(description !== undefined && { description }),
    ...(descriptionUrl !== undefined && { descriptionUrl }),
    ...(timestamp !== undefined && {
      timestamp: {
        time: timestamp.time,
        authority: timestamp.authority,
        trusted: timestamp.trusted,
        uncovered: timestamp.uncovered,
      },
    }),
  }
}

function verifyTime(token: Uint8Array, { signer }: ParsedSignedData, trust: SignatureTrust): VerifiedTimestamp {
  return verifyTimestampToken({
    token,
    imprint: imprintOf(signer.signature, signer.hash),
    area: 'AUTHENTICODE_TIMESTAMP',
    ...(trust.trustedTimestampCertificates !== undefined && {
      trustedCertificates: trust.trustedTimestampCertificates,
    }),
  })
}

/**
 * The signature does not cover the certificates that travel with it, so each must be covered otherwise: it is in the path,
 * where a signature was checked for it, or the caller has the same bytes, or it is another certificate of an authority
 * in the path (of its key, from another time) that one of these signed. A root that only has the name and key of a trusted
 * one could carry anything.
 */
function assertAllCovered(
  embedded: readonly CertificateFields[],
  path: readonly CertificateFields[],
  trust: Trust,
): void {
  const [stranger] = findUncovered(embedded, path, trust)
  if (stranger !== undefined)
    throw new SigningError(
      'AUTHENTICODE_UNSIGNED_CONTENT',
      `The embedded certificate "${subjectOf(stranger)}" is neither in the path of the signer nor signed by a certificate ` +
        'of that path, so nothing covers its bytes.',
    )
}
