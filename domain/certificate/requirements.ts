import type { Instant } from '../event.ts'
import { type KeyState, requireLasting } from '../key/index.ts'
import { Refusal } from '../refusal.ts'
import { continuityFindings } from './continuity.ts'
import type { CertificateRequest, IssuedCertificate } from './events.ts'
import type { Certificate, CertificateState } from './state.ts'

/** A certificate that an EST server renews is renewed a year before its end at the most. */
const longestRenewalDays = 365

/** How EST servers are named in the configuration. */
export const estServerNamePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** @throws Refusal `CERTIFICATE_VALIDITY`, `CERTIFICATE_RENEWAL_PERIOD`, `EST_SERVER_NAME_MALFORMED` */
export function requireValidity(request: CertificateRequest): void {
  if (request.kind === 'authority') {
    const { enrolment } = request
    if (enrolment.by !== 'est') return
    if (!estServerNamePattern.test(enrolment.server))
      throw new Refusal(
        'EST_SERVER_NAME_MALFORMED',
        `An EST server's name must be 1 to 63 lower-case letters, digits or hyphens and begin with a letter or digit; got ${JSON.stringify(enrolment.server.slice(0, 80))}.`,
      )
    requirePeriod(enrolment.renewBeforeDays, longestRenewalDays, 'days')
    return
  }
  if (request.kind === 'imported') return
  if (request.kind === 'openPgp') {
    requireKeyValidity(request.createdAt, request.expiresAt)
    return
  }
  const { notBefore, notAfter, renewBeforeHours } = request
  if (notAfter <= notBefore)
    throw new Refusal('CERTIFICATE_VALIDITY', 'A certificate must end after it begins.', { notBefore, notAfter })
  if (renewBeforeHours === null) return
  const hours = (Date.parse(notAfter) - Date.parse(notBefore)) / 3_600_000
  requirePeriod(renewBeforeHours, Math.ceil(hours) - 1, 'hours')
}

/** The longest lifetime that a self-signature can say, in seconds: it has 32 bits. */
const longestLifetime = 2 ** 32 - 1

/**
 * Of an OpenPGP key: a moment that its 32 bits of seconds can say, behind its beginning.
 *
 * @throws Refusal `CERTIFICATE_VALIDITY`
 */
export function requireKeyValidity(createdAt: Instant, expiresAt: Instant | null): void {
  if (expiresAt === null) return
  const seconds = (Date.parse(expiresAt) - Date.parse(createdAt)) / 1000
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= longestLifetime) return
  throw new Refusal(
    'CERTIFICATE_VALIDITY',
    'An OpenPGP key must end at least a second after it was created, at a whole second, and within 136 years.',
    { createdAt, expiresAt },
  )
}

/** Control characters, and those by which a user id would look like another one. */
const undisplayable = /[\p{Cc}\p{Bidi_Control}\p{Cs}\p{Noncharacter_Code_Point}]/u

/**
 * Reads the user id of an OpenPGP key: by convention a name, and an e-mail address in angle brackets (RFC 9580 §5.11).
 *
 * @throws Refusal `USER_ID_MALFORMED`
 */
export function parseUserId(text: string): string {
  const userId = text.normalize('NFC').trim()
  if (userId.length < 1 || userId.length > 255 || undisplayable.test(userId))
    throw new Refusal(
      'USER_ID_MALFORMED',
      'The user id of an OpenPGP key must have 1 to 255 visible characters, such as Acme Releases <release@acme.example>.',
    )
  return userId
}

function requirePeriod(period: number, longest: number, unit: string): void {
  if (!Number.isInteger(period) || period < 1 || period > longest)
    throw new Refusal(
      'CERTIFICATE_RENEWAL_PERIOD',
      `A certificate must be renewed a whole number of ${unit} before its end, from 1 to ${longest}; got ${period}.`,
      { period, longest },
    )
}

/** @throws Refusal `KEY_NOT_FOUND`, `KEY_DISABLED`, `KEY_UNDER_DELETION`, `KEY_DESTROYED` */
export function requireKey({ keyId, organizationId }: CertificateRequest, key: KeyState): void {
  if (key.status === 'none' || key.keyId !== keyId || key.organizationId !== organizationId)
    throw new Refusal('KEY_NOT_FOUND', `There is no key ${keyId}.`)
  requireLasting(key)
  if (key.status === 'disabled')
    throw new Refusal('KEY_DISABLED', `The key ${key.name} is disabled and gets no further certificate.`)
}

/** @throws Refusal `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_NOT_ISSUED` */
export function requireRenewable(
  { renews, organizationId }: CertificateRequest,
  renewed: CertificateState | null,
): void {
  if (
    renewed === null ||
    renewed.status === 'none' ||
    renewed.certificateId !== renews ||
    renewed.organizationId !== organizationId
  )
    throw new Refusal('CERTIFICATE_NOT_FOUND', `There is no certificate ${renews} to renew.`)
  if (renewed.issued === null)
    throw new Refusal('CERTIFICATE_NOT_ISSUED', `The certificate ${renewed.name} was not issued and cannot be renewed.`)
}

/**
 * Policies go on with a certificate that was renewed in its place, so that nothing that anybody compares may differ. Where
 * something does, another certificate succeeds it, and each policy is changed to that one knowingly.
 *
 * @throws Refusal `CERTIFICATE_CONTINUITY`
 */
export function requireContinuity({ name }: Certificate, before: IssuedCertificate, after: IssuedCertificate): void {
  const findings = continuityFindings(before, after)
  if (findings.length > 0)
    throw new Refusal(
      'CERTIFICATE_CONTINUITY',
      `The renewed certificate differs from ${name} in ${findings.map(({ aspect }) => aspect).join(', ')}. Ask for a certificate that succeeds it, and change policies to that one.`,
      { differing: findings.map(({ aspect }) => aspect) },
    )
}
