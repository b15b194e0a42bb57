import { describe, expect, it } from 'vitest'
import {
  type CertificateEvent,
  type CertificateId,
  certificateDecider as certificate,
  certificateAt,
  fold,
  type OrganizationId,
  usableCertificate,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const notBefore = '2026-01-01T00:00:00.000Z'
const during = '2026-06-01T00:00:00.000Z'
const notAfter = '2027-01-01T00:00:00.000Z'
const facts = {
  certificateId: fixedUuid<CertificateId>('6'),
  organizationId: fixedUuid<OrganizationId>('3'),
  name: 'Test signing',
  subject: { commonName: 'Acme', organization: 'Acme Ltd', country: 'DE' },
  keyAlgorithm: 'ec-p256',
  notBefore,
  notAfter,
} as const
const issuedFacts = {
  chain: ['AAAA'],
  thumbprint: 'ab'.repeat(32),
  subject: 'CN=Acme',
  issuer: 'CN=Acme',
  serialNumber: '01',
  notBefore,
  notAfter,
}
const request = { type: 'RequestCertificate', ...facts } as const
const requested = event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', {
  kind: 'selfSigned',
  ...facts,
})
const keyGenerated = event<CertificateEvent, 'CertificateKeyGenerated'>('CertificateKeyGenerated', {
  publicKey: 'BBBB',
})
const issued = event<CertificateEvent, 'CertificateIssued'>('CertificateIssued', issuedFacts)
const disabled = event<CertificateEvent, 'CertificateDisabled'>('CertificateDisabled', { reason: 'key exposed' })
const disable = { type: 'DisableCertificate', reason: 'key exposed' } as const

describe('certificate', () => {
  it('is asked for, gets its key, is issued, and can be disabled at any time', () => {
    given(certificate).when(request).thenEvents(requested)
    given(certificate, requested).when({ type: 'RecordKey', publicKey: 'BBBB' }).thenEvents(keyGenerated)
    given(certificate, requested, keyGenerated).when({ type: 'RecordIssued', issued: issuedFacts }).thenEvents(issued)
    for (const history of [[requested], [requested, keyGenerated], [requested, keyGenerated, issued]])
      given(certificate, ...history)
        .when(disable)
        .thenEvents(disabled)
  })

  itRefuses(certificate, { source: 'certificate/decider.ts', before: 'export const certificateDecider' }, [
    ['CERTIFICATE_EXISTS', 'a second request', [requested], request],
    ['CERTIFICATE_NOT_FOUND', 'disabling before the request', [], disable],
    ['CERTIFICATE_STATE', 'a second key', [requested, keyGenerated], { type: 'RecordKey', publicKey: 'CCCC' }],
    ['CERTIFICATE_STATE', 'issuing without a key', [requested], { type: 'RecordIssued', issued: issuedFacts }],
    [
      'CERTIFICATE_STATE',
      'issuing twice',
      [requested, keyGenerated, issued],
      { type: 'RecordIssued', issued: issuedFacts },
    ],
    [
      'CERTIFICATE_STATE',
      'issuing one disabled',
      [requested, keyGenerated, disabled],
      { type: 'RecordIssued', issued: issuedFacts },
    ],
    ['CERTIFICATE_VALIDITY', 'an end before the beginning', [], { ...request, notAfter: notBefore }],
    ['CERTIFICATE_DISABLED', 'disabling twice', [requested, disabled], disable],
    ['NAME_MALFORMED', 'no name', [], { ...request, name: '' }],
    ['NAME_MALFORMED', 'no common name', [], { ...request, subject: { commonName: '' } }],
    ['NAME_MALFORMED', 'a common name too long for X.520', [], { ...request, subject: { commonName: 'x'.repeat(65) } }],
    ['NAME_MALFORMED', 'a country that is none', [], { ...request, subject: { commonName: 'x', country: 'de' } }],
    [
      'NAME_MALFORMED',
      'an organization too long for X.520',
      [],
      { ...request, subject: { commonName: 'x', organization: 'x'.repeat(65) } },
    ],
    ['TEXT_TOO_LONG', 'a reason', [requested], { ...disable, reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a reason', [requested], { ...disable, reason: '\x1b[2J' }],
    ['NAME_MALFORMED', 'an empty organization', [], { ...request, subject: { commonName: 'x', organization: '' } }],
  ])
})

describe('a certificate that is to sign', () => {
  const active = [requested, keyGenerated, issued]
  const refusal = (events: readonly CertificateEvent[], moment = during) =>
    refusalOf(() => usableCertificate(fold(certificate, events), moment)).code

  it('is usable from its first moment until its last, and no longer', () => {
    const state = fold(certificate, active)
    expect(usableCertificate(state, notBefore)).toMatchObject({ publicKey: 'BBBB', issued: issuedFacts })
    expect(usableCertificate(state, '2026-12-31T23:59:59.999Z').status).toBe('active')
    expect(refusal(active, notAfter)).toBe('CERTIFICATE_EXPIRED')
    expect(refusal(active, '2025-12-31T23:59:59.999Z')).toBe('CERTIFICATE_NOT_YET_VALID')
  })

  it('is refused before it was issued and after it was disabled', () => {
    expect(refusal([])).toBe('CERTIFICATE_NOT_FOUND')
    expect(refusal([requested])).toBe('CERTIFICATE_NOT_ISSUED')
    expect(refusal([requested, keyGenerated])).toBe('CERTIFICATE_NOT_ISSUED')
    expect(refusal([...active, disabled])).toBe('CERTIFICATE_DISABLED')
  })

  it('is shown as expired only while it is not disabled', () => {
    const shown = (events: readonly CertificateEvent[], at: string) => {
      const state = fold(certificate, events)
      return state.status === 'none' ? 'none' : certificateAt(state, at)
    }
    expect(shown(active, during)).toBe('active')
    expect(shown(active, notAfter)).toBe('expired')
    expect(shown([...active, disabled], notAfter)).toBe('disabled')
    expect(shown([requested], notAfter)).toBe('requested')
  })
})
