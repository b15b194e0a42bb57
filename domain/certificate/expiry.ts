import type { Instant } from '../event.ts'
import type { CertificateEvent } from './events.ts'
import { expiryWarningDays } from './expiry-record.ts'
import type { Certificate } from './state.ts'

const day = 86_400_000

/**
 * What is to be said of a certificate's end at a moment: that it has passed, or the warning with the fewest days of those
 * that are due. Warnings that were missed are not made up for, and one that would come with the certificate itself, because
 * it is valid for a shorter time, is left out.
 *
 * @returns `undefined` when there is nothing to say that was not said
 */
export function expiryEventAt(certificate: Certificate, at: Instant): CertificateEvent | undefined {
  const { issued, expiry } = certificate
  if (issued === null || expiry.expired || certificate.status === 'disabled') return undefined
  const { notAfter } = issued
  if (notAfter <= at) return { type: 'CertificateExpired', data: { schemaVersion: 1, notAfter } }
  const days = warningsOf(issued)
    .filter((each) => each < (expiry.warnedDays ?? Number.POSITIVE_INFINITY) && momentOf(notAfter, each) <= at)
    .at(-1)
  return days === undefined
    ? undefined
    : { type: 'CertificateExpiryWarned', data: { schemaVersion: 1, days, notAfter } }
}

/** When there is next something to say of a certificate's end; `undefined` when never, as things are. */
export function nextExpiryMoment({ issued, expiry, status }: Certificate): Instant | undefined {
  if (issued === null || expiry.expired || status === 'disabled') return undefined
  const [next] = warningsOf(issued).filter((days) => days < (expiry.warnedDays ?? Number.POSITIVE_INFINITY))
  return next === undefined ? issued.notAfter : momentOf(issued.notAfter, next)
}

/** When the certificate is to be renewed by itself; `undefined` when nobody asked for that, or it was asked for. */
export function renewalMoment({ issued, renewal, status }: Certificate): Instant | undefined {
  if (issued === null || renewal.beforeHours === null || renewal.requested || status !== 'active') return undefined
  return new Date(Date.parse(issued.notAfter) - renewal.beforeHours * 3_600_000).toISOString()
}

function warningsOf({ notBefore, notAfter }: { readonly notBefore: Instant; readonly notAfter: Instant }) {
  const lifetime = Date.parse(notAfter) - Date.parse(notBefore)
  return expiryWarningDays.filter((days) => days * day < lifetime)
}

function momentOf(notAfter: Instant, days: number): Instant {
  return new Date(Date.parse(notAfter) - days * day).toISOString()
}
