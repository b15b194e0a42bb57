import type { KeyAlgorithm } from '../algorithms.ts'
import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { CertificateId, OrganizationId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import type { CertificateEvent, CertificateRequest, CertificateSubject, IssuedCertificate } from './events.ts'

/** A certificate that was asked for, on its way or in use. */
export type Certificate = {
  readonly status: 'requested' | 'keyGenerated' | 'active' | 'disabled'
  readonly certificateId: CertificateId
  readonly organizationId: OrganizationId
  readonly kind: 'selfSigned'
  readonly name: string
  readonly requested: {
    readonly subject: CertificateSubject
    readonly notBefore: Instant
    readonly notAfter: Instant
  }
  readonly keyAlgorithm: KeyAlgorithm
  /** DER SubjectPublicKeyInfo, base64; `null` until the key was made. */
  readonly publicKey: string | null
  /** `null` until the certificate was issued. */
  readonly issued: IssuedCertificate | null
}

/** Before and after the certificate was asked for. Whether it has expired depends on the moment: {@link certificateAt}. */
export type CertificateState = { readonly status: 'none' } | Certificate

/** What can be asked of a certificate. */
export type CertificateCommand =
  | ({ readonly type: 'RequestCertificate' } & CertificateRequest)
  | { readonly type: 'RecordKey'; readonly publicKey: string }
  | { readonly type: 'RecordIssued'; readonly issued: IssuedCertificate }
  | { readonly type: 'DisableCertificate'; readonly reason: string | null }

/**
 * Certificate: asked for, key made in the HSM, issued, disabled.
 *
 * Refuses with `CERTIFICATE_EXISTS`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_STATE`, `CERTIFICATE_VALIDITY`,
 * `CERTIFICATE_DISABLED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const certificateDecider: Decider<CertificateState, CertificateCommand, CertificateEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['CertificateRequested', 'CertificateKeyGenerated', 'CertificateIssued', 'CertificateDisabled'],

  decide(command, state) {
    if (command.type === 'RequestCertificate') {
      if (state.status !== 'none') throw new Refusal('CERTIFICATE_EXISTS', 'A certificate with this id exists already.')
      const { certificateId, organizationId, keyAlgorithm, notBefore, notAfter } = command
      if (notAfter <= notBefore)
        throw new Refusal('CERTIFICATE_VALIDITY', 'A certificate must end after it begins.', { notBefore, notAfter })
      const subject = parseSubject(command.subject)
      const name = parseName(command.name, "The certificate's name")
      return [
        {
          type: 'CertificateRequested',
          data: {
            schemaVersion: 1,
            certificateId,
            organizationId,
            kind: 'selfSigned',
            name,
            subject,
            keyAlgorithm,
            notBefore,
            notAfter,
          },
        },
      ]
    }
    if (state.status === 'none') throw new Refusal('CERTIFICATE_NOT_FOUND', 'There is no such certificate.')
    switch (command.type) {
      case 'RecordKey':
        requireStatus(state, 'requested')
        return [{ type: 'CertificateKeyGenerated', data: { schemaVersion: 1, publicKey: command.publicKey } }]
      case 'RecordIssued':
        requireStatus(state, 'keyGenerated')
        return [{ type: 'CertificateIssued', data: { schemaVersion: 1, ...command.issued } }]
      case 'DisableCertificate':
        if (state.status === 'disabled')
          throw new Refusal('CERTIFICATE_DISABLED', `The certificate ${state.name} is disabled already.`)
        return [
          { type: 'CertificateDisabled', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } },
        ]
    }
  },

  evolve(state, event) {
    if (event.type === 'CertificateRequested') {
      const { certificateId, organizationId, kind, name, subject, keyAlgorithm, notBefore, notAfter } = event.data
      const requested = { subject, notBefore, notAfter }
      return {
        status: 'requested',
        certificateId,
        organizationId,
        kind,
        name,
        requested,
        keyAlgorithm,
        publicKey: null,
        issued: null,
      }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'CertificateKeyGenerated':
        return { ...state, status: 'keyGenerated', publicKey: event.data.publicKey }
      case 'CertificateIssued': {
        const { schemaVersion: _, ...issued } = event.data
        return { ...state, status: 'active', issued }
      }
      case 'CertificateDisabled':
        return { ...state, status: 'disabled' }
    }
  },
}

/** A certificate that can sign: everything that a signature needs is there. */
export type UsableCertificate = Certificate & {
  readonly status: 'active'
  readonly publicKey: string
  readonly issued: IssuedCertificate
}

/** The status as people see it at a moment: an active certificate past its end is `expired`. */
export function certificateAt(certificate: Certificate, at: Instant): Certificate['status'] | 'expired' {
  const over = certificate.issued !== null && certificate.issued.notAfter <= at
  return certificate.status === 'active' && over ? 'expired' : certificate.status
}

/**
 * The certificate, if it can sign at this moment.
 *
 * @throws Refusal `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_NOT_ISSUED`, `CERTIFICATE_DISABLED`, `CERTIFICATE_EXPIRED` or
 *   `CERTIFICATE_NOT_YET_VALID`
 */
export function usableCertificate(state: CertificateState, at: Instant): UsableCertificate {
  if (state.status === 'none')
    throw new Refusal('CERTIFICATE_NOT_FOUND', "The signing policy's certificate does not exist.")
  if (state.status === 'disabled')
    throw new Refusal('CERTIFICATE_DISABLED', `The certificate ${state.name} is disabled and signs nothing.`)
  const { publicKey, issued } = state
  if (state.status !== 'active' || publicKey === null || issued === null)
    throw new Refusal('CERTIFICATE_NOT_ISSUED', `The certificate ${state.name} has not been issued yet.`)
  if (issued.notAfter <= at)
    throw new Refusal('CERTIFICATE_EXPIRED', `The certificate ${state.name} expired at ${issued.notAfter}.`, {
      notAfter: issued.notAfter,
    })
  if (issued.notBefore > at)
    throw new Refusal('CERTIFICATE_NOT_YET_VALID', `The certificate ${state.name} is valid from ${issued.notBefore}.`, {
      notBefore: issued.notBefore,
    })
  return { ...state, status: 'active', publicKey, issued }
}

function requireStatus(certificate: Certificate, status: Certificate['status']): void {
  if (certificate.status !== status)
    throw new Refusal(
      'CERTIFICATE_STATE',
      `The certificate ${certificate.name} is ${certificate.status}; this needs it to be ${status}.`,
      { status: certificate.status },
    )
}

function parseSubject(subject: CertificateSubject): CertificateSubject {
  const commonName = parseName(subject.commonName, "The subject's common name")
  if (commonName.length > 64)
    throw new Refusal('NAME_MALFORMED', "The subject's common name must not be longer than 64 characters (X.520).")
  if (subject.country !== undefined && !/^[A-Z]{2}$/.test(subject.country))
    throw new Refusal('NAME_MALFORMED', "The subject's country must be two upper-case letters (ISO 3166-1).")
  const organization =
    subject.organization === undefined ? undefined : parseName(subject.organization, "The subject's organization")
  if (organization !== undefined && organization.length > 64)
    throw new Refusal('NAME_MALFORMED', "The subject's organization must not be longer than 64 characters (X.520).")
  return {
    commonName,
    ...(organization === undefined ? {} : { organization }),
    ...(subject.country === undefined ? {} : { country: subject.country }),
  }
}
