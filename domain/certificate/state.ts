import type { CertificateId, KeyId, OrganizationId } from '../ids.ts'
import type { CertificateEvent, CertificateRequest, IssuedCertificate } from './events.ts'
import { type ExpiryRecord, nothingSaid } from './expiry-record.ts'
import type { CertificateRestrictions } from './restrictions.ts'

/** A certificate that was asked for, on its way or in use. */
export type Certificate = {
  /**
   * - `requested`: the signer has to make it, or the request for it.
   * - `awaitingIssuance`: the request is there, and an authority has to issue.
   */
  readonly status: 'requested' | 'awaitingIssuance' | 'active' | 'disabled'
  readonly certificateId: CertificateId
  readonly organizationId: OrganizationId
  readonly kind: CertificateRequest['kind']
  readonly name: string
  readonly keyId: KeyId
  /** The certificate that it succeeds; `null` for the first of a line. */
  readonly renews: CertificateId | null
  readonly requested: CertificateRequest
  readonly restrictions: CertificateRestrictions
  /** The request that an authority has to answer: DER, base64; `null` when there is none that is not answered. */
  readonly signingRequest: string | null
  /** Why an EST server has not issued yet; `null` when nothing is known against it. */
  readonly enrolmentFailure: { readonly code: string; readonly message: string } | null
  /** `null` until the certificate was issued. */
  readonly issued: IssuedCertificate | null
  /** Those that it was before a renewal and that had not ended then, the latest first. */
  readonly earlier: readonly IssuedCertificate[]
  readonly renewal: {
    /** So many hours before its end it is renewed by itself; `null`: it is not. */
    readonly beforeHours: number | null
    /** Whether the next one was asked for. */
    readonly requested: boolean
  }
  readonly expiry: ExpiryRecord
}

/** Before and after the certificate was asked for. Whether it has expired depends on the moment: `certificateAt`. */
export type CertificateState = { readonly status: 'none' } | Certificate

/** The state after an event. */
export function evolveCertificate(state: CertificateState, event: CertificateEvent): CertificateState {
  if (state.status === 'none') return event.type === 'CertificateRequested' ? requestedState(event.data) : state
  switch (event.type) {
    case 'CertificateRequested':
      return state
    case 'CertificateRenewalRequested':
      return { ...state, renewal: { ...state.renewal, requested: true } }
    case 'CertificateExpiryChangeRequested': {
      const { requested } = state
      const { expiresAt } = event.data
      if (requested.kind !== 'openPgp') return state
      return { ...state, requested: { ...requested, expiresAt }, renewal: { ...state.renewal, requested: true } }
    }
    case 'CertificateSigningRequestCreated': {
      const status = state.status === 'requested' ? 'awaitingIssuance' : state.status
      return { ...state, status, signingRequest: event.data.request, enrolmentFailure: null }
    }
    case 'CertificateIssued': {
      const { schemaVersion: _, ...issued } = event.data
      return withIssued(state, issued)
    }
    case 'CertificateInstalled': {
      const { schemaVersion: _, source: __, ...issued } = event.data
      return withIssued(state, issued)
    }
    case 'CertificateEnrolmentFailed': {
      const { code, message } = event.data
      return { ...state, enrolmentFailure: { code, message } }
    }
    case 'CertificateRestrictionsChanged':
      return { ...state, restrictions: event.data.restrictions }
    case 'CertificateDisabled':
      // A renewal that was on its way ends with it: who enables the certificate asks for another one.
      return { ...state, status: 'disabled', renewal: { ...state.renewal, requested: false }, signingRequest: null }
    case 'CertificateEnabled':
      return { ...state, status: 'active' }
    case 'CertificateExpiryWarned':
      return { ...state, expiry: { ...state.expiry, warnedDays: event.data.days } }
    case 'CertificateExpired':
      return { ...state, expiry: { ...state.expiry, expired: true } }
  }
}

function requestedState(data: CertificateRequest & { readonly schemaVersion: number }): Certificate {
  const { schemaVersion: _, ...requested } = data
  const { certificateId, organizationId, kind, name, keyId, renews, restrictions } = requested
  return {
    status: 'requested',
    ...{ certificateId, organizationId, kind, name, keyId, renews, restrictions },
    requested,
    signingRequest: null,
    enrolmentFailure: null,
    issued: null,
    earlier: [],
    renewal: { beforeHours: hoursBefore(requested), requested: false },
    expiry: nothingSaid,
  }
}

function hoursBefore(request: CertificateRequest): number | null {
  if (request.kind === 'selfSigned') return request.renewBeforeHours
  if (request.kind === 'imported' || request.kind === 'openPgp') return null
  return request.enrolment.by === 'est' ? request.enrolment.renewBeforeDays * 24 : null
}

function withIssued(state: Certificate, issued: IssuedCertificate): Certificate {
  const renewal = { ...state.renewal, requested: false }
  // An OpenPGP key stays what it is, with one self-signature more.
  const replaced = state.issued === null || issued.format === 'openpgp' ? [] : [state.issued]
  const before = [...replaced, ...state.earlier]
  const earlier = before.filter(({ notAfter }) => notAfter > issued.notBefore)
  return {
    ...state,
    status: 'active',
    issued,
    earlier,
    renewal,
    signingRequest: null,
    enrolmentFailure: null,
    expiry: nothingSaid,
  }
}
