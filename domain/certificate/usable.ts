import type { Instant } from '../event.ts'
import { Refusal } from '../refusal.ts'
import type { IssuedCertificate } from './events.ts'
import type { Certificate, CertificateState } from './state.ts'

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
 * The certificate as a plan names it: as it was before a renewal when the plan was made then. The plan is approved with that
 * one; when it has ended meanwhile, or there is none of this thumbprint, the certificate as it is now.
 */
export function certificateAsPlanned(state: CertificateState, thumbprint: string, at: Instant): CertificateState {
  if (state.status === 'none') return state
  const planned = state.earlier.find((each) => each.thumbprint === thumbprint && each.notAfter > at)
  return planned === undefined ? state : { ...state, issued: planned }
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
