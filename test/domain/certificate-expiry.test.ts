import { describe, expect, it } from 'vitest'
import {
  type Certificate,
  type CertificateEvent,
  type CertificateId,
  certificateDecider,
  fold,
  nextExpiryMoment,
  type OrganizationId,
  renewalMoment,
} from '../../domain/index.ts'
import { event, refusalOf } from '../support/decider-spec.ts'
import { issuedFacts, plainRequest } from '../support/issued-facts.ts'
import { fixedUuid } from '../support/submission.ts'

const day = 86_400_000
const end = '2027-01-01T00:00:00.000Z'
const daysBefore = (days: number) => new Date(Date.parse(end) - days * day).toISOString()

/** A certificate of so many days, that ends at {@link end}. */
function certificateOf(days: number, renewBeforeHours: number | null = null): Certificate {
  const [notBefore, notAfter] = [daysBefore(days), end]
  const events = [
    event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', {
      certificateId: fixedUuid<CertificateId>('6'),
      organizationId: fixedUuid<OrganizationId>('3'),
      name: 'Test',
      keyId: fixedUuid('7'),
      renews: null,
      kind: 'selfSigned',
      subject: { commonName: 'Acme' },
      ...{ notBefore, notAfter },
      ...plainRequest,
      renewBeforeHours,
    }),
    event<CertificateEvent, 'CertificateIssued'>('CertificateIssued', issuedFacts('CN=Acme', notBefore, notAfter)),
  ]
  return fold(certificateDecider, events) as Certificate
}

/** Looks at each moment that the certificate itself names, and answers what was said when. */
function lifeOf(certificate: Certificate): readonly (readonly [string, unknown])[] {
  const said: [string, unknown][] = []
  let state = certificate
  for (let at = nextExpiryMoment(state); at !== undefined; at = nextExpiryMoment(state)) {
    const [happened] = certificateDecider.decide({ type: 'RecordExpiry', at }, state)
    if (happened === undefined) throw new Error('nothing was said')
    said.push([at, 'days' in happened.data ? happened.data.days : happened.type])
    state = certificateDecider.evolve(state, happened) as Certificate
  }
  return said
}

describe("a certificate's end", () => {
  it('is warned of 60, 30, 14, 7 and 1 days before, and told when it passes', () => {
    expect(lifeOf(certificateOf(460))).toEqual([
      ...[60, 30, 14, 7, 1].map((days) => [daysBefore(days), days]),
      [end, 'CertificateExpired'],
    ])
  })

  it('is not warned of as long before as the certificate lasts at all', () => {
    expect(lifeOf(certificateOf(14))).toEqual([
      [daysBefore(7), 7],
      [daysBefore(1), 1],
      [end, 'CertificateExpired'],
    ])
    expect(lifeOf(certificateOf(1))).toEqual([[end, 'CertificateExpired']])
  })

  it('is told of once with what counts now, when nobody looked for a while', () => {
    const late = certificateOf(460)
    expect(certificateDecider.decide({ type: 'RecordExpiry', at: daysBefore(10) }, late)).toEqual([
      event<CertificateEvent, 'CertificateExpiryWarned'>('CertificateExpiryWarned', { days: 14, notAfter: end }),
    ])
    expect(certificateDecider.decide({ type: 'RecordExpiry', at: end }, late)).toEqual([
      event<CertificateEvent, 'CertificateExpired'>('CertificateExpired', { notAfter: end }),
    ])
  })

  it('is not told of a second time, of a disabled certificate, or of one that was renewed', () => {
    const warned = certificateDecider.evolve(
      certificateOf(460),
      event<CertificateEvent, 'CertificateExpiryWarned'>('CertificateExpiryWarned', { days: 14, notAfter: end }),
    )
    const at = daysBefore(10)
    const disabled = event<CertificateEvent, 'CertificateDisabled'>('CertificateDisabled', { reason: null })
    const next = issuedFacts('CN=Acme', daysBefore(10), '2028-01-01T00:00:00.000Z')
    const renewed = event<CertificateEvent, 'CertificateIssued'>('CertificateIssued', next)
    for (const state of [
      warned,
      certificateDecider.evolve(certificateOf(460), disabled),
      certificateDecider.evolve(warned, renewed),
    ])
      expect(refusalOf(() => certificateDecider.decide({ type: 'RecordExpiry', at }, state)).code).toBe(
        'CERTIFICATE_EXPIRY_NOT_DUE',
      )
    expect(nextExpiryMoment(certificateDecider.evolve(warned, disabled) as Certificate)).toBeUndefined()
    // After a renewal warnings begin anew.
    expect(lifeOf(certificateDecider.evolve(warned, renewed) as Certificate)[0]?.[1]).toBe(60)
  })
})

describe('the renewal of a certificate', () => {
  it('is due as long before its end as was asked for, and not twice', () => {
    expect(renewalMoment(certificateOf(7))).toBeUndefined()
    const renewing = certificateOf(7, 24)
    expect(renewalMoment(renewing)).toBe(daysBefore(1))
    const asked = event<CertificateEvent, 'CertificateRenewalRequested'>('CertificateRenewalRequested', {})
    expect(renewalMoment(certificateDecider.evolve(renewing, asked) as Certificate)).toBeUndefined()
  })
})
