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
import { issuedFacts as facsimile, plainRequest } from '../support/issued-facts.ts'
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
  ...plainRequest,
} as const
const issuedFacts = facsimile('CN=Acme', notBefore, notAfter)
const keyEvents = keyDecider.decide(
  { type: 'RequestKeyGeneration', ...facts, keyStore: 'default', algorithm: 'ec-p256' },
  keyDecider.initialState(),
)
const key = fold(keyDecider, keyEvents)
const keyDisabled = fold(keyDecider, [event<KeyEvent, 'KeyDisabled'>('KeyDisabled', { reason: null })], key)
const keyUnderDeletion = fold(
  keyDecider,
  [
    event<KeyEvent, 'KeyDeletionRequested'>('KeyDeletionRequested', {
      requestedBy: { userId: fixedUuid('6'), peopleBehind: [fixedUuid('6')] },
      reason: null,
      expiresAt: '2026-02-08T00:00:00.000Z',
    }),
  ],
  key,
)
const keyDestroyed = fold(
  keyDecider,
  [event<KeyEvent, 'KeyDestroyed'>('KeyDestroyed', { wasInStore: true })],
  keyUnderDeletion,
)
const request = { type: 'RequestCertificate', request: facts, key, renewed: null } as const
type SelfSigned = Extract<CertificateRequest, { readonly kind: 'selfSigned' }>
const asking = (changes: Partial<SelfSigned>) => ({ ...request, request: { ...facts, ...changes } }) as const
const requested = event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', facts)
const issued = event<CertificateEvent, 'CertificateIssued'>('CertificateIssued', issuedFacts)
const disabled = event<CertificateEvent, 'CertificateDisabled'>('CertificateDisabled', { reason: 'key exposed' })
const disable = { type: 'DisableCertificate', reason: 'key exposed' } as const
const enable = { type: 'EnableCertificate', reason: 'it was another key' } as const
const enabled = event<CertificateEvent, 'CertificateEnabled'>('CertificateEnabled', { reason: 'it was another key' })
const renew = { type: 'RequestRenewal' } as const
const renewalRequested = event<CertificateEvent, 'CertificateRenewalRequested'>('CertificateRenewalRequested', {})

const ofOpenPgp = { kind: 'openPgp', userId: '', createdAt: notBefore, expiresAt: null } as const

/** The same certificate, from an authority. */
const { notBefore: _, notAfter: __, renewBeforeHours: ___, ...common } = facts
const ofAuthority = {
  ...common,
  kind: 'authority',
  alternativeNames: [{ kind: 'email', value: 'release@example.org' }],
  enrolment: { by: 'upload' },
} as const
const askedOfAuthority = event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', ofAuthority)
const signingRequest = event<CertificateEvent, 'CertificateSigningRequestCreated'>('CertificateSigningRequestCreated', {
  format: 'pkcs10',
  request: 'MAA=',
})
const recordRequest = { type: 'RecordSigningRequest', request: 'MAA=' } as const
const source = { by: 'upload' } as const
const install = { type: 'InstallCertificate', issued: issuedFacts, source } as const
const installed = event<CertificateEvent, 'CertificateInstalled'>('CertificateInstalled', { ...issuedFacts, source })
const askAuthority = (changes: Partial<Extract<CertificateRequest, { readonly kind: 'authority' }>>) =>
  ({ ...request, request: { ...ofAuthority, ...changes } }) as const
const est = (renewBeforeDays: number) =>
  askAuthority({ enrolment: { by: 'est', server: 'corporate', renewBeforeDays } })
const imported = { ...common, kind: 'imported', certificate: issuedFacts } as const
const askedToImport = event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', imported)
const importedEvent = event<CertificateEvent, 'CertificateInstalled'>('CertificateInstalled', {
  ...issuedFacts,
  source: { by: 'import' },
})
const otherAuthority = { ...issuedFacts, identity: { ...issuedFacts.identity, issuingKey: '22'.repeat(32) } }
const restrictions = { minimumApprovals: 2, originVerification: false, timestamp: true }
const waits = { code: 'EST_PENDING', message: 'Somebody there must agree.' }
const tellPending = { type: 'RecordEnrolmentFailure', ...waits } as const
const pending = event<CertificateEvent, 'CertificateEnrolmentFailed'>('CertificateEnrolmentFailed', waits)
const restrict = { type: 'ChangeRestrictions', restrictions, policies: [] } as const
const strict = { name: 'release', approval: { requiredApprovals: 2 }, timestamp: 'required' } as const

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

  it('is issued by an authority for the request that its key signed', () => {
    given(certificate).when(askAuthority({})).thenEvents(askedOfAuthority)
    given(certificate, askedOfAuthority).when(recordRequest).thenEvents(signingRequest)
    const waiting = given(certificate, askedOfAuthority, signingRequest)
    expect(waiting.state).toMatchObject({ status: 'awaitingIssuance', signingRequest: 'MAA=', issued: null })
    waiting.when(install).thenEvents(installed)
    const { state } = given(certificate, askedOfAuthority, signingRequest, installed)
    expect(state).toMatchObject({ status: 'active', signingRequest: null, issued: issuedFacts })
  })

  it('comes with its key, and into use when that is brought in, whatever names it has', () => {
    const named = { ...imported, subject: { commonName: 'A'.repeat(200) } }
    given(certificate)
      .when({ ...request, request: named })
      .thenEvents(event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', named))
    given(certificate, askedToImport).when({ type: 'RecordImported' }).thenEvents(importedEvent)
    expect(fold(certificate, [askedToImport])).toMatchObject({ status: 'requested', issued: null })
    expect(fold(certificate, [askedToImport, importedEvent])).toMatchObject({ status: 'active', issued: issuedFacts })
  })

  it('is renewed in its place with the same key and names, while the one before goes on', () => {
    given(certificate, requested, issued).when(renew).thenEvents(renewalRequested)
    given(certificate, requested, issued, renewalRequested)
      .when({ type: 'RecordIssued', issued: issuedFacts })
      .thenEvents(issued)
    const history = [askedOfAuthority, signingRequest, installed, renewalRequested, signingRequest]
    const { state } = given(certificate, ...history)
    expect(state).toMatchObject({ status: 'active', signingRequest: 'MAA=', issued: issuedFacts })
    given(certificate, ...history)
      .when(install)
      .thenEvents(installed)
    expect(given(certificate, ...history, installed).state).toMatchObject({ renewal: { requested: false } })
  })

  it('signs again when it is enabled', () => {
    given(certificate, requested, issued, disabled).when(enable).thenEvents(enabled)
    expect(usableCertificate(fold(certificate, [requested, issued, disabled, enabled]), during).name).toBe(facts.name)
  })

  it('is restricted to policies that demand enough', () => {
    given(certificate, requested)
      .when({ ...restrict, policies: [strict] })
      .thenEvents(
        event<CertificateEvent, 'CertificateRestrictionsChanged'>('CertificateRestrictionsChanged', { restrictions }),
      )
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
    ['CERTIFICATE_IMPORTED', 'renewing one that came with its key', [askedToImport, importedEvent], renew],
    ['CERTIFICATE_STATE', 'importing twice', [askedToImport, importedEvent], { type: 'RecordImported' }],
    ['CERTIFICATE_STATE', 'importing one that is self-signed', [requested], { type: 'RecordImported' }],
    ['CERTIFICATE_EXISTS', 'a second request', [requested], request],
    ['CERTIFICATE_NOT_FOUND', 'disabling before the request', [], disable],
    ['CERTIFICATE_STATE', 'issuing twice', [requested, issued], { type: 'RecordIssued', issued: issuedFacts }],
    ['CERTIFICATE_STATE', 'issuing one disabled', [requested, disabled], { type: 'RecordIssued', issued: issuedFacts }],
    ['CERTIFICATE_VALIDITY', 'an end before the beginning', [], asking({ notAfter: notBefore })],
    ['USER_ID_MALFORMED', 'an OpenPGP key without a name', [], { ...request, request: { ...common, ...ofOpenPgp } }],
    ['KEY_NOT_FOUND', 'no key', [], { ...request, key: keyDecider.initialState() }],
    ['KEY_NOT_FOUND', 'another key than the one that is named', [], asking({ keyId: fixedUuid('8') })],
    ['KEY_NOT_FOUND', "another organization's key", [], asking({ organizationId: fixedUuid('4') })],
    ['KEY_DISABLED', 'a key that is disabled', [], { ...request, key: keyDisabled }],
    ['KEY_UNDER_DELETION', 'a key that is to be destroyed', [], { ...request, key: keyUnderDeletion }],
    ['KEY_DESTROYED', 'a key that was destroyed', [], { ...request, key: keyDestroyed }],
    ['CERTIFICATE_NOT_FOUND', 'renewing none', [], asking({ renews: facts.certificateId })],
    ['CERTIFICATE_NOT_FOUND', "renewing another organization's", [], renewing([foreign, issued])],
    ['CERTIFICATE_NOT_FOUND', 'renewing another than it names', [], renewing([requested, issued], fixedUuid('5'))],
    ['CERTIFICATE_NOT_ISSUED', 'renewing one that was never issued', [], renewing([requested])],
    ['CERTIFICATE_DISABLED', 'disabling twice', [requested, disabled], disable],
    ['CERTIFICATE_ENABLED', 'enabling one that is not disabled', [requested, issued], enable],
    ['CERTIFICATE_NOT_ISSUED', 'enabling one that was never issued', [requested, disabled], enable],
    [
      'CERTIFICATE_STATE',
      'a self-signed one of an authority',
      [askedOfAuthority],
      { type: 'RecordIssued', issued: issuedFacts },
    ],
    ['CERTIFICATE_STATE', 'a request to an authority for a self-signed one', [requested], recordRequest],
    ['CERTIFICATE_STATE', 'a second request to an authority', [askedOfAuthority, signingRequest], recordRequest],
    ['CERTIFICATE_STATE', 'installing before there is a request', [askedOfAuthority], install],
    ['CERTIFICATE_STATE', 'installing twice', [askedOfAuthority, signingRequest, installed], install],
    ['CERTIFICATE_STATE', 'installing one disabled', [askedOfAuthority, signingRequest, disabled], install],
    ['CERTIFICATE_STATE', 'renewing one disabled', [requested, issued, disabled], renew],
    ['CERTIFICATE_NOT_ISSUED', 'renewing before it was issued', [requested], renew],
    ['CERTIFICATE_RENEWAL_REQUESTED', 'renewing twice', [requested, issued, renewalRequested], renew],
    [
      'CERTIFICATE_CONTINUITY',
      'a renewed one of another authority',
      [askedOfAuthority, signingRequest, installed, renewalRequested, signingRequest],
      { ...install, issued: otherAuthority },
    ],
    [
      'CERTIFICATE_CONTINUITY',
      'a renewed self-signed one that differs',
      [requested, issued, renewalRequested],
      { type: 'RecordIssued', issued: otherAuthority },
    ],
    ['CERTIFICATE_RENEWAL_PERIOD', 'renewal after as long as it lasts', [], asking({ renewBeforeHours: 365 * 24 })],
    ['CERTIFICATE_RENEWAL_PERIOD', 'renewal by parts of hours', [], asking({ renewBeforeHours: 1.5 })],
    ['CERTIFICATE_RENEWAL_PERIOD', 'renewal by EST on its last day', [], est(0)],
    [
      'EST_SERVER_NAME_MALFORMED',
      'a server that no configuration can name',
      [],
      askAuthority({ enrolment: { by: 'est', server: 'Corporate CA', renewBeforeDays: 30 } }),
    ],
    ['CERTIFICATE_FAILURE_KNOWN', 'a failure told twice', [askedOfAuthority, signingRequest, pending], tellPending],
    ['CERTIFICATE_STATE', 'a failure of what was not asked for', [askedOfAuthority], tellPending],
    ['CERTIFICATE_RENEWAL_PERIOD', 'renewal by EST long before', [], est(366)],
    [
      'CERTIFICATE_RESTRICTIONS_INVALID',
      'half an approval',
      [],
      asking({ restrictions: { ...restrictions, minimumApprovals: 0.5 } }),
    ],
    [
      'CERTIFICATE_RESTRICTIONS_UNMET',
      'a policy with too few approvals',
      [requested],
      { ...restrict, policies: [{ ...strict, approval: { requiredApprovals: 1 } }] },
    ],
    [
      'CERTIFICATE_RESTRICTIONS_UNMET',
      'one of several policies without a time-stamp',
      [requested],
      { ...restrict, policies: [strict, { ...strict, timestamp: 'none' }] },
    ],
    [
      'CERTIFICATE_RESTRICTIONS_UNMET',
      'a policy that verifies no origin',
      [requested],
      { ...restrict, restrictions: { ...restrictions, originVerification: true }, policies: [strict] },
    ],
    [
      'CERTIFICATE_EXPIRY_NOT_DUE',
      'a warning half a year before',
      [requested, issued],
      { type: 'RecordExpiry', at: during },
    ],
    [
      'ALTERNATIVE_NAME_MALFORMED',
      'an alternative name that is none',
      [],
      askAuthority({ alternativeNames: [{ kind: 'email', value: 'nobody' }] }),
    ],
    [
      'ALTERNATIVE_NAME_MALFORMED',
      'too many alternative names',
      [],
      askAuthority({
        alternativeNames: Array.from({ length: 21 }, (_, i) => ({ kind: 'dns', value: `h${i}.example` }) as const),
      }),
    ],
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
