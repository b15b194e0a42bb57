import { randomBytes } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { readCertificateFields, subjectOf } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import { type AuthorityAddress, holdsSecrets } from './authority-address.ts'
import { type AuthorityConnection, type AuthorityFailure, failure, queryAuthority } from './query-authority.ts'
import { encodeTimestampRequest } from './timestamp-request.ts'
import { parseTimestampResponse } from './timestamp-response.ts'
import { imprintOf, type VerifiedTimestamp, verifyTimestampToken } from './verify-token.ts'

/** A signature to be counter-signed with a time. */
export interface TimestampDemand {
  /** The bytes to time-stamp: for Authenticode the signature value of the signer. */
  readonly signature: Uint8Array
  /** Digests them for the authority. */
  readonly hashAlgorithm: HashAlgorithm
  /** The signer's certificate, DER: a time outside its validity would make the signature invalid. */
  readonly signerCertificate: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Called before each request to an authority. */
  readonly onProgress?: (() => void) | undefined
}

/** Whom to ask, and what its answer must be like. */
export interface AuthorityRules extends AuthorityConnection {
  /** How far the time of a token may be from the local clock, in milliseconds. */
  readonly maximumSkewMs: number
  /** DER certificates that an authority must lead to; without them any authority with a sound token is taken. */
  readonly trustedCertificates?: readonly Uint8Array[]
}

const nonceLength = 8

/**
 * Asks one authority once (RFC 3161 §3.4), with a fresh nonce and for its certificates. The token is verified, and its
 * time must be one that this signature can have been made at.
 *
 * @throws the demand's signal's reason when it is aborted; SigningError `CMS_CERTIFICATE_MALFORMED` for the signer's
 */
export async function askAuthority(
  address: AuthorityAddress,
  demand: TimestampDemand,
  rules: AuthorityRules,
): Promise<{ readonly kind: 'token'; readonly token: Uint8Array } | AuthorityFailure> {
  const nonce = randomBytes(nonceLength)
  // The number is then positive and has all its octets, so the token must repeat exactly these.
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
  const imprint = imprintOf(demand.signature, demand.hashAlgorithm)
  const sent = rules.now()
  const answer = await queryAuthority(address, encodeTimestampRequest(imprint, nonce), demand.signal, rules)
  if (!(answer instanceof Uint8Array)) return answer
  const received = rules.now()
  try {
    const response = parseTimestampResponse(answer, 'TIMESTAMP_INVALID')
    if (response.kind === 'rejected') {
      const text = holdsSecrets(address) ? '' : response.text
      const reasons = [text, response.failures.join(', ')].filter((reason) => reason !== '')
      const why = reasons.join('; ') || 'it gives no reason'
      return failure('TIMESTAMP_REJECTED', `refused to time-stamp (status ${response.status}): ${why}`)
    }
    const { token } = response
    const { trustedCertificates } = rules
    const verified = verifyTimestampToken({
      token,
      imprint,
      nonce,
      area: 'TIMESTAMP',
      ...(trustedCertificates !== undefined && { trustedCertificates }),
    })
    return implausibleTime(verified, demand, { sent, received }, rules.maximumSkewMs) ?? { kind: 'token', token }
  } catch (cause) {
    if (!(cause instanceof SigningError) || cause.code.startsWith('CMS_')) throw cause
    return failure('TIMESTAMP_INVALID', `gave an answer that is not usable: ${cause.message.replace(/\.$/, '')}`, {
      cause,
    })
  }
}

/** A time that would make the signature invalid, or that can only be wrong: either clock may be. */
function implausibleTime(
  { time }: VerifiedTimestamp,
  { signerCertificate }: TimestampDemand,
  { sent, received }: { readonly sent: number; readonly received: number },
  maximumSkewMs: number,
): AuthorityFailure | undefined {
  const certificate = readCertificateFields(signerCertificate, 'CMS_CERTIFICATE_MALFORMED')
  const { notBefore, notAfter } = certificate
  const says = `says that it is ${time.toISOString()}`
  if (time < notBefore || time > notAfter)
    return failure(
      'TIMESTAMP_TIME_IMPLAUSIBLE',
      `${says}, when the signing certificate "${subjectOf(certificate)}" is not valid: it is from ` +
        `${notBefore.toISOString()} to ${notAfter.toISOString()}`,
    )
  const skew = Math.max(sent - time.getTime(), time.getTime() - received)
  if (skew > maximumSkewMs)
    return failure(
      'TIMESTAMP_TIME_IMPLAUSIBLE',
      `${says}, ${Math.round(skew / 1000)} s away from this machine's clock (${new Date(received).toISOString()}); ` +
        `${maximumSkewMs / 1000} s are tolerated`,
    )
  return undefined
}
