import { hash as digestOnce } from 'node:crypto'
import {
  assertSigningCertificate,
  type CertificateFields,
  DerReader,
  type ErrorArea,
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
import { assertAuthorityName } from './authority-name.ts'
import { type MessageImprint, takeImprint } from './timestamp-request.ts'

/** What a token must prove. */
export interface TokenExpectation {
  /** The token's ContentInfo, DER. */
  readonly token: Uint8Array
  readonly imprint: MessageImprint
  /** Content octets of the nonce that was sent; absent when the request is not known any more. */
  readonly nonce?: Uint8Array
  /** Certificates that the authority must lead to; without them any authority is taken. */
  readonly trustedCertificates?: readonly Uint8Array[]
  readonly area: ErrorArea
}

/** A token that proves what it should. */
export interface VerifiedTimestamp {
  /** When the authority saw the imprint. */
  readonly time: Date
  /** Subject of the authority's certificate. */
  readonly authority: string
  /** The authority's certificate, DER. */
  readonly certificate: Uint8Array
  /** The policy it was issued under, as dotted text. */
  readonly policy: string
  /** Whether the authority leads to one of the trusted certificates; only then does the time prove anything. */
  readonly trusted: boolean
  /** What the authority sent along that nothing signed covers, so that anything could stand there: a text for each. */
  readonly uncovered: readonly string[]
}

interface TokenInfo {
  readonly policy: string
  readonly imprint: MessageImprint
  readonly time: Date
  readonly nonce: Uint8Array | undefined
  /** GeneralName of the authority, a whole element. */
  readonly authorityName: Uint8Array | undefined
}

const openTrust: Trust = { kind: 'open' }

/**
 * Verifies a time-stamp token (RFC 3161 §2.2 and §2.4.2): imprint and nonce, signature, ESS signing certificate, the
 * authority's name where it states one, and the path of the authority's certificate at the time that it states, with time-stamping as only use.
 *
 * @throws SigningError `<area>_MALFORMED`, `<area>_UNSIGNED_CONTENT`, `<area>_IMPRINT_MISMATCH`,
 * `<area>_NONCE_MISMATCH`, `<area>_ATTRIBUTES_INVALID`, and those of the signature and the path
 */
export function verifyTimestampToken(expectation: TokenExpectation): VerifiedTimestamp {
  const { area, imprint, nonce, trustedCertificates } = expectation
  const signedData = parseSignedData(expectation.token, area)
  if (signedData.hasRevocationLists || signedData.signer.unsignedAttributes.length > 0)
    throw new SigningError(
      `${area}_UNSIGNED_CONTENT`,
      'The time-stamp carries revocation lists or unsigned attributes, which its signature does not cover.',
    )
  const info = readTokenInfo(signedData, area)
  if (info.imprint.hash !== imprint.hash || Buffer.compare(info.imprint.digest, imprint.digest) !== 0)
    throw new SigningError(`${area}_IMPRINT_MISMATCH`, 'The time-stamp is for other bytes than it should be.')
  if (nonce !== undefined && (info.nonce === undefined || Buffer.compare(nonce, info.nonce) !== 0))
    throw new SigningError(`${area}_NONCE_MISMATCH`, 'The time-stamp does not repeat the nonce of the request.')

  const embedded = signedData.certificates.map((certificate) => readCertificateFields(certificate, `${area}_MALFORMED`))
  // Other verifiers read all certificates of a token before they look for the one that they need.
  if (embedded.some((certificate) => certificate.opened() === undefined))
    throw new SigningError(`${area}_MALFORMED`, 'One of the certificates in the time-stamp cannot be read.')
  const leaf = verifySigner(signedData, embedded, area)
  assertSigningCertificate(signedData.signer, leaf, area)
  if (info.authorityName !== undefined) assertAuthorityName(info.authorityName, leaf, area)
  const trust = trustedCertificates === undefined ? openTrust : readAnchors(trustedCertificates, area)
  const path = validatePath({
    leaf,
    embedded,
    trust,
    at: info.time,
    purpose: objectIdentifiers.timeStamping,
    area,
  })
  return {
    time: info.time,
    authority: subjectOf(leaf),
    certificate: leaf.encoded,
    policy: info.policy,
    trusted: trust.kind === 'anchors',
    uncovered: describeUncovered(signedData, findUncovered(embedded, path, trust)),
  }
}

/** Attribute certificates and certificates of other paths are what real authorities send, so they are only named. */
function describeUncovered(
  { hasAttributeCertificates }: ParsedSignedData,
  certificates: readonly CertificateFields[],
): readonly string[] {
  return [
    ...certificates.map((certificate) => `the certificate "${subjectOf(certificate)}"`),
    ...(hasAttributeCertificates ? ['attribute certificates'] : []),
  ]
}

/** TSTInfo (RFC 3161 §2.4.2). */
function readTokenInfo(signedData: ParsedSignedData, area: ErrorArea): TokenInfo {
  const code = `${area}_MALFORMED`
  if (signedData.contentType !== objectIdentifiers.timestampInfo || signedData.content.tag !== 0x04)
    throw new SigningError(code, `A time-stamp token holds TSTInfo in an OCTET STRING, not ${signedData.contentType}.`)
  const outer = new DerReader(signedData.content.content, code, signedData.content.contentPosition)
  const fields = outer.enter(0x30, 'TSTInfo')
  outer.end('TSTInfo')
  const version = fields.smallInteger('the version of TSTInfo')
  if (version !== 1) throw fields.fault(`TSTInfo must have version 1, not ${version}`)
  const policy = fields.objectIdentifier('the policy of TSTInfo')
  const imprint = takeImprint(fields)
  if (typeof imprint === 'string')
    throw fields.fault('the imprint of TSTInfo must be a SHA-256, SHA-384 or SHA-512 digest of the right length')
  fields.integer('the serial number of TSTInfo')
  if (!fields.nextIs(0x18)) throw fields.fault('genTime of TSTInfo must be a GeneralizedTime')
  const time = fields.time('genTime of TSTInfo')
  fields.takeOptional(0x30, 'the accuracy of TSTInfo')
  if (fields.nextIs(0x01)) fields.boolean('ordering of TSTInfo')
  const nonce = fields.nextIs(0x02) ? fields.integer('the nonce of TSTInfo') : undefined
  const tsa = fields.takeOptional(0xa0, 'the name of the authority in TSTInfo')
  const authorityName = tsa && fields.inside(tsa).takeAny('the name of the authority in TSTInfo').encoded
  const extensions = fields.takeOptional(0xa1, 'the extensions of TSTInfo')
  fields.end('TSTInfo')
  if (extensions !== undefined) refuseCriticalExtensions(fields.inside(extensions))
  return { policy, imprint, time, nonce, authorityName }
}

/** No extension of TSTInfo is known here, so none may be critical (RFC 3161 §2.4.2, RFC 5280 §4.2). */
function refuseCriticalExtensions(extensions: DerReader): void {
  while (extensions.hasMore()) {
    const extension = extensions.enter(0x30, 'an extension of TSTInfo')
    const identifier = extension.objectIdentifier('the identifier of an extension of TSTInfo')
    if (extension.nextIs(0x01) && extension.boolean(`critical of the extension ${identifier} of TSTInfo`))
      throw extension.fault(`the critical extension ${identifier} of TSTInfo is not understood`)
  }
}

/** The imprint of some bytes. */
export function imprintOf(bytes: Uint8Array, hash: MessageImprint['hash']): MessageImprint {
  return { hash, digest: digestOnce(hash, bytes, 'buffer') }
}
