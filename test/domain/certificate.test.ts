import { describe, expect, it } from 'vitest'
import {
  type CertificateEvent,
  type CertificateId,
  type CertificateRequest,
  certificateDecider as certificate,
  certificateAt,
  fold,
  type KeyEvent,
  type KeyId,
  type KeyState,
  keyDecider,
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
  keyId: fixedUuid<KeyId>('7'),
  renews: null,
  kind: 'selfSigned',
  subject: { commonName: 'Acme', organization: 'Acme Ltd', country: 'DE' },
  notBefore,
  notAfter,
} as const
const issuedFacts = {
  format: 'x509' as const,
  chain: ['AAAA'],
  thumbprint: 'ab'.repeat(32),
  subject: 'CN=Acme',
  issuer: 'CN=Acme',
  serialNumber: '01',
  notBefore,
  notAfter,
}
const keyEvents = keyDecider.decide(
  { type: 'RequestKeyGeneration', ...facts, keyStore: 'default', algorithm: 'ec-p256' },
  keyDecider.initialState(),
)
const key = fold(keyDecider, keyEvents)
const keyDisabled = fold(keyDecider, [event<KeyEvent, 'KeyDisabled'>('KeyDisabled', { reason: null })], key)
const request = { type: 'RequestCertificate', request: facts, key, renewed: null } as const
const asking = (changes: Partial<CertificateRequest>) => ({ ...request, request: { ...facts, ...changes } }) as const
const requested = event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', facts)
const issued = event<CertificateEvent, 'CertificateIssued'>('CertificateIssued', issuedFacts)
const disabled = event<CertificateEvent, 'CertificateDisabled'>('CertificateDisabled', { reason: 'key exposed' })
const disable = { type: 'DisableCertificate', reason: 'key exposed' } as const

const foreign = event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', {
  ...facts,
  organizationId: fixedUuid('4'),
})
/** Asks for a certificate that is to succeed one with these events. */
function renewing(events: readonly CertificateEvent[], renews = facts.certificateId, keyState: KeyState = key) {
  const keyId = keyState.status === 'none' ? facts.keyId : keyState.keyId
  const request = { ...facts, certificateId: fixedUuid<CertificateId>('9'), keyId, renews }
  return { type: 'RequestCertificate', request, key: keyState, renewed: fold(certificate, events) } as const
}

describe('certificate', () => {
  it('is asked for, is issued, and can be disabled at any time', () => {
    given(certificate).when(request).thenEvents(requested)
    given(certificate, requested).when({ type: 'RecordIssued', issued: issuedFacts }).thenEvents(issued)
    for (const history of [[requested], [requested, issued]])
      given(certificate, ...history)
        .when(disable)
        .thenEvents(disabled)
  })

  it('is renewed by another one, with the same key or with a new one, also when it was disabled', () => {
    const newKey = fold(
      keyDecider,
      keyEvents.map((each) => ({ ...each, data: { ...each.data, keyId: fixedUuid('8') } })),
    )
    for (const [keyState, keyId] of [
      [key, facts.keyId],
      [newKey, fixedUuid<KeyId>('8')],
    ] as const)
      for (const history of [
        [requested, issued],
        [requested, issued, disabled],
      ])
        given(certificate)
          .when(renewing(history, facts.certificateId, keyState))
          .thenEvents(
            event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', {
              ...facts,
              certificateId: fixedUuid('9'),
              keyId,
              renews: facts.certificateId,
            }),
          )
  })

  itRefuses(certificate, { source: 'certificate/decider.ts', before: 'export const certificateDecider' }, [
    ['CERTIFICATE_EXISTS', 'a second request', [requested], request],
    ['CERTIFICATE_NOT_FOUND', 'disabling before the request', [], disable],
    ['CERTIFICATE_STATE', 'issuing twice', [requested, issued], { type: 'RecordIssued', issued: issuedFacts }],
    ['CERTIFICATE_STATE', 'issuing one disabled', [requested, disabled], { type: 'RecordIssued', issued: issuedFacts }],
    ['CERTIFICATE_VALIDITY', 'an end before the beginning', [], asking({ notAfter: notBefore })],
    ['KEY_NOT_FOUND', 'no key', [], { ...request, key: keyDecider.initialState() }],
    ['KEY_NOT_FOUND', 'another key than the one that is named', [], asking({ keyId: fixedUuid('8') })],
    ['KEY_NOT_FOUND', "another organization's key", [], asking({ organizationId: fixedUuid('4') })],
    ['KEY_DISABLED', 'a key that is disabled', [], { ...request, key: keyDisabled }],
    ['CERTIFICATE_NOT_FOUND', 'renewing none', [], asking({ renews: facts.certificateId })],
    ['CERTIFICATE_NOT_FOUND', "renewing another organization's", [], renewing([foreign, issued])],
    ['CERTIFICATE_NOT_FOUND', 'renewing another than it names', [], renewing([requested, issued], fixedUuid('5'))],
    ['CERTIFICATE_NOT_ISSUED', 'renewing one that was never issued', [], renewing([requested])],
    ['CERTIFICATE_DISABLED', 'disabling twice', [requested, disabled], disable],
    ['NAME_MALFORMED', 'no name', [], asking({ name: '' })],
    ['NAME_MALFORMED', 'no common name', [], asking({ subject: { commonName: '' } })],
    ['NAME_MALFORMED', 'a common name too long for X.520', [], asking({ subject: { commonName: 'x'.repeat(65) } })],
    ['NAME_MALFORMED', 'a country that is none', [], asking({ subject: { commonName: 'x', country: 'de' } })],
    [
      'NAME_MALFORMED',
      'an organization too long for X.520',
      [],
      asking({ subject: { commonName: 'x', organization: 'x'.repeat(65) } }),
    ],
    ['TEXT_TOO_LONG', 'a reason', [requested], { ...disable, reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a reason', [requested], { ...disable, reason: '\x1b[2J' }],
    ['NAME_MALFORMED', 'an empty organization', [], asking({ subject: { commonName: 'x', organization: '' } })],
  ])
})

describe('a certificate that is to sign', () => {
  const active = [requested, issued]
  const refusal = (events: readonly CertificateEvent[], moment = during) =>
    refusalOf(() => usableCertificate(fold(certificate, events), moment)).code

  it('is usable from its first moment until its last, and no longer', () => {
    const state = fold(certificate, active)
    expect(usableCertificate(state, notBefore)).toMatchObject({ keyId: facts.keyId, issued: issuedFacts })
    expect(usableCertificate(state, '2026-12-31T23:59:59.999Z').status).toBe('active')
    expect(refusal(active, notAfter)).toBe('CERTIFICATE_EXPIRED')
    expect(refusal(active, '2025-12-31T23:59:59.999Z')).toBe('CERTIFICATE_NOT_YET_VALID')
  })

  it('is refused before it was issued and after it was disabled', () => {
    expect(refusal([])).toBe('CERTIFICATE_NOT_FOUND')
    expect(refusal([requested])).toBe('CERTIFICATE_NOT_ISSUED')
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
