import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { CertificateId, KeyId, OrganizationId } from '../ids.ts'
import type { KeyState } from '../key/index.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import type { CertificateEvent, CertificateRequest, CertificateSubject, IssuedCertificate } from './events.ts'

/** A certificate that was asked for, on its way or in use. */
export type Certificate = {
  readonly status: 'requested' | 'active' | 'disabled'
  readonly certificateId: CertificateId
  readonly organizationId: OrganizationId
  readonly kind: CertificateRequest['kind']
  readonly name: string
  readonly keyId: KeyId
  /** The certificate that it succeeds; `null` for the first of a line. */
  readonly renews: CertificateId | null
  readonly requested: {
    readonly subject: CertificateSubject
    readonly notBefore: Instant
    readonly notAfter: Instant
  }
  /** `null` until the certificate was issued. */
  readonly issued: IssuedCertificate | null
}

/** Before and after the certificate was asked for. Whether it has expired depends on the moment: {@link certificateAt}. */
export type CertificateState = { readonly status: 'none' } | Certificate

/** What can be asked of a certificate. */
export type CertificateCommand =
  | {
      readonly type: 'RequestCertificate'
      readonly request: CertificateRequest
      /** The key that the request names. It need not be made yet. */
      readonly key: KeyState
      /** The certificate that it is to succeed; `null` when the request names none. */
      readonly renewed: CertificateState | null
    }
  | { readonly type: 'RecordIssued'; readonly issued: IssuedCertificate }
  | { readonly type: 'DisableCertificate'; readonly reason: string | null }

/**
 * Certificate: asked for, for a key; issued; disabled.
 *
 * Refuses with `CERTIFICATE_EXISTS`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_STATE`, `CERTIFICATE_VALIDITY`,
 * `CERTIFICATE_NOT_ISSUED`, `CERTIFICATE_DISABLED`, `KEY_NOT_FOUND`, `KEY_DISABLED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`,
 * `TEXT_MALFORMED`.
 */
export const certificateDecider: Decider<CertificateState, CertificateCommand, CertificateEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['CertificateRequested', 'CertificateIssued', 'CertificateDisabled'],

  decide(command, state) {
    if (command.type === 'RequestCertificate') {
      if (state.status !== 'none') throw new Refusal('CERTIFICATE_EXISTS', 'A certificate with this id exists already.')
      const { request } = command
      const { notBefore, notAfter } = request
      if (notAfter <= notBefore)
        throw new Refusal('CERTIFICATE_VALIDITY', 'A certificate must end after it begins.', { notBefore, notAfter })
      requireKey(request, command.key)
      if (request.renews !== null) requireRenewable(request, command.renewed)
      const subject = parseSubject(request.subject)
      const name = parseName(request.name, "The certificate's name")
      return [{ type: 'CertificateRequested', data: { schemaVersion: 1, ...request, name, subject } }]
    }
    if (state.status === 'none') throw new Refusal('CERTIFICATE_NOT_FOUND', 'There is no such certificate.')
    switch (command.type) {
      case 'RecordIssued':
        if (state.status !== 'requested')
          throw new Refusal(
            'CERTIFICATE_STATE',
            `The certificate ${state.name} is ${state.status}; this needs it to be requested.`,
            { status: state.status },
          )
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
      const { certificateId, organizationId, kind, name, keyId, renews, subject, notBefore, notAfter } = event.data
      const requested = { subject, notBefore, notAfter }
      return { status: 'requested', certificateId, organizationId, kind, name, keyId, renews, requested, issued: null }
    }
    if (state.status === 'none') return state
    switch (event.type) {
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
  const { issued } = state
  if (state.status !== 'active' || issued === null)
    throw new Refusal('CERTIFICATE_NOT_ISSUED', `The certificate ${state.name} has not been issued yet.`)
  if (issued.notAfter <= at)
    throw new Refusal('CERTIFICATE_EXPIRED', `The certificate ${state.name} expired at ${issued.notAfter}.`, {
      notAfter: issued.notAfter,
    })
  if (issued.notBefore > at)
    throw new Refusal('CERTIFICATE_NOT_YET_VALID', `The certificate ${state.name} is valid from ${issued.notBefore}.`, {
      notBefore: issued.notBefore,
    })
  return { ...state, status: 'active', issued }
}

function requireKey({ keyId, organizationId }: CertificateRequest, key: KeyState): void {
  if (key.status === 'none' || key.keyId !== keyId || key.organizationId !== organizationId)
    throw new Refusal('KEY_NOT_FOUND', `There is no key ${keyId}.`)
  if (key.status === 'disabled')
    throw new Refusal('KEY_DISABLED', `The key ${key.name} is disabled and gets no further certificate.`)
}

function requireRenewable({ renews, organizationId }: CertificateRequest, renewed: CertificateState | null): void {
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
