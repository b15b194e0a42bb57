import type { HashAlgorithm } from '../../domain/index.ts'
import {
  assertSigningCertificate,
  type CertificateFields,
  DerReader,
  findUncovered,
  objectIdentifiers,
  type ParsedSignedData,
  parseSignedData,
  readAnchors,
  readCertificateFields,
  singleValue,
  subjectOf,
  validatePath,
  verifySignerOf,
} from '../cms/index.ts'
import type { RsaPadding } from '../detached/attributes.ts'
import type { DetachedExpectation } from '../detached-signature.ts'
import type { FoundTimestamp } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { imprintOf, verifyTimestampToken } from '../timestamp/index.ts'

/** A detached SignedData that was found good. */
export interface VerifiedDetachedCms {
  readonly hash: HashAlgorithm
  /** `null` for keys that are not RSA. */
  readonly padding: RsaPadding
  readonly digest: Uint8Array
  readonly signerCertificate: Uint8Array
  readonly certificates: readonly Uint8Array[]
  readonly timestamp: FoundTimestamp | undefined
}

const area = 'DETACHED'
const malformed = 'DETACHED_MALFORMED'
/** How far the signer's clock and that of whoever verifies may differ, in milliseconds. */
const clockDifference = 5 * 60_000

/** The attributes that are signed, and no others: what is not known here could mean anything to whoever reads it. */
const signedTypes: readonly string[] = [
  objectIdentifiers.contentType,
  objectIdentifiers.messageDigest,
  objectIdentifiers.signingTime,
  objectIdentifiers.signingCertificateV2,
]

/**
 * Verifies a SignedData whose content is elsewhere: its form, the digest, the signature, the path of the certificate, that nothing is in
 * it that nothing covers, and its time-stamp.
 *
 * @param encoded exactly the ContentInfo, DER
 * @param digestOf gives the digest of the content
 * @throws SigningError `DETACHED_…`; what `digestOf` throws
 */
export async function verifyDetachedCms(
  encoded: Uint8Array,
  digestOf: (hash: HashAlgorithm) => Promise<Uint8Array>,
  { certificateChain, trustedTimestampCertificates, at }: DetachedExpectation,
): Promise<VerifiedDetachedCms> {
  const signedData = parseSignedData(encoded, area, new Uint8Array())
  const { signer } = signedData
  requireUsualForm(signedData)
  const digest = await digestOf(signer.hash)
  const embedded = signedData.certificates.map((certificate) => readCertificateFields(certificate, malformed))
  const leaf = verifySignerOf(signedData, { digest }, embedded, area)
  assertSigningCertificate(signer, leaf, area)
  requirePastTime(signedData, at)
  const timestamp = readTimestamp(signedData, trustedTimestampCertificates)
  const isTrusted = trustedTimestampCertificates !== undefined && timestamp !== undefined
  // Where the configured chain ends, trust does: an authority's own certificate need not travel along.
  const trust = readAnchors(certificateChain.slice(-1), area)
  const path = validatePath({
    leaf,
    embedded,
    trust,
    at: isTrusted ? timestamp.time : at,
    purpose: objectIdentifiers.codeSigning,
    area,
  })
  requireCovered(findUncovered(embedded, path, trust))
  const { scheme, hash } = signer
  return {
    hash,
    padding: scheme.keyType === 'rsa' ? (scheme.padding ?? 'pkcs1') : null,
    digest,
    signerCertificate: leaf.encoded,
    certificates: signedData.certificates,
    timestamp,
  }
}

function requireUsualForm({
  contentType,
  signer,
  hasRevocationLists,
  hasAttributeCertificates,
}: ParsedSignedData): void {
  if (contentType !== objectIdentifiers.data)
    throw new SigningError(
      malformed,
      `The signed content must be data (${objectIdentifiers.data}), not ${contentType}.`,
    )
  if (signer.identifier.kind !== 'issuerAndSerialNumber')
    throw new SigningError(malformed, 'The signer must be named by issuer and serial number.')
  if (hasRevocationLists || hasAttributeCertificates)
    throw new SigningError(
      'DETACHED_UNSIGNED_CONTENT',
      'Revocation lists and attribute certificates do not belong into the signature, which does not cover them.',
    )
  const unknown = signer.signedAttributes.find(({ type }) => !signedTypes.includes(type))
  if (unknown !== undefined)
    throw new SigningError(
      'DETACHED_ATTRIBUTES_INVALID',
      `The signed attribute ${unknown.type} does not belong into the signature of a file.`,
    )
}

/** The signing time is the signer's own word; it must not be one that has not come yet. */
function requirePastTime({ signer }: ParsedSignedData, at: Date): void {
  const value = singleValue(signer.signedAttributes, objectIdentifiers.signingTime, area)
  const time = new DerReader(value.encoded, malformed).wholeSecondsTime('the signing time')
  if (time.getTime() > at.getTime() + clockDifference)
    throw new SigningError(
      'DETACHED_ATTRIBUTES_INVALID',
      `The signing time ${time.toISOString()} has not come yet at ${at.toISOString()}.`,
    )
}

function readTimestamp(
  { signer }: ParsedSignedData,
  trustedCertificates: readonly Uint8Array[] | undefined,
): FoundTimestamp | undefined {
  const [attribute, ...others] = signer.unsignedAttributes
  if (attribute === undefined) return undefined
  const [token, ...more] = attribute.values
  const isStamp = attribute.type === objectIdentifiers.timestampToken
  if (!isStamp || others.length > 0 || token === undefined || more.length > 0)
    throw new SigningError(
      'DETACHED_UNSIGNED_CONTENT',
      `There may be one unsigned attribute, a time-stamp; there is ${[attribute, ...others].map(({ type }) => type).join(', ')}.`,
    )
  const { time, authority, uncovered } = verifyTimestampToken({
    token: token.encoded,
    imprint: imprintOf(signer.signature, signer.hash),
    area: 'DETACHED_TIMESTAMP',
    ...(trustedCertificates !== undefined && { trustedCertificates }),
  })
  return { time, authority, uncovered }
}

function requireCovered([stranger]: readonly CertificateFields[]): void {
  if (stranger === undefined) return
  throw new SigningError(
    'DETACHED_UNSIGNED_CONTENT',
    `The embedded certificate "${subjectOf(stranger)}" does not belong to the signer's path, so nothing covers its bytes.`,
  )
}
