import { describe, expect, it } from 'vitest'
import {
  type CertificateEvent,
  type CertificateId,
  type CertificateRequest,
  certificateDecider,
  fold,
  type KeyId,
  keyDecider,
  neverEnds,
  type OrganizationId,
  unrestricted,
} from '../../domain/index.ts'
import { fixedUuid } from '../support/submission.ts'

const createdAt = '2026-01-01T00:00:00.000Z'
const request = {
  certificateId: fixedUuid<CertificateId>('6'),
  organizationId: fixedUuid<OrganizationId>('3'),
  name: 'Downloads',
  keyId: fixedUuid<KeyId>('7'),
  renews: null,
  restrictions: unrestricted,
  kind: 'openPgp',
  userId: 'Acme Releases <release@acme.example>',
  createdAt,
  expiresAt: '2027-01-01T00:00:00.000Z',
} as const satisfies CertificateRequest
const generated = { type: 'RequestKeyGeneration', ...request, keyStore: 'default', algorithm: 'ec-p256' } as const
const key = fold(keyDecider, keyDecider.decide(generated, keyDecider.initialState()))
const ask = (changes: Partial<typeof request> | object = {}) =>
  certificateDecider.decide(
    { type: 'RequestCertificate', request: { ...request, ...changes } as CertificateRequest, key, renewed: null },
    certificateDecider.initialState(),
  )
const issued = {
  format: 'openpgp',
  publicKey: 'AAAA',
  thumbprint: 'ab'.repeat(20),
  subject: request.userId,
  issuer: request.userId,
  serialNumber: 'ab'.repeat(8),
  notBefore: createdAt,
  notAfter: request.expiresAt,
} as const
const stateAfter = (...events: readonly CertificateEvent[]) => fold(certificateDecider, events)
const asked = stateAfter(...ask())
const made = (state = asked) => certificateDecider.decide({ type: 'RecordIssued', issued }, state)
const active = stateAfter(...ask(), ...made())

describe('an OpenPGP key', () => {
  it('is asked for and issued by events of the second form, which releases that do not know it refuse', () => {
    expect(ask()).toMatchObject([{ type: 'CertificateRequested', data: { schemaVersion: 2, kind: 'openPgp' } }])
    expect(made()).toMatchObject([{ type: 'CertificateIssued', data: { schemaVersion: 2, format: 'openpgp' } }])
  })

  it('gets another end by a further self-signature, once for each time that it was asked for', () => {
    const change = { type: 'ChangeKeyExpiry', expiresAt: null } as const
    const [event] = certificateDecider.decide(change, active)
    expect(event).toMatchObject({ type: 'CertificateExpiryChangeRequested', data: { expiresAt: null } })
    const changing = stateAfter(...ask(), ...made(), ...(event === undefined ? [] : [event]))
    expect(changing).toMatchObject({ renewal: { requested: true }, requested: { expiresAt: null } })
    expect(() => certificateDecider.decide(change, changing)).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_RENEWAL_REQUESTED' }),
    )
    const again = certificateDecider.decide(
      { type: 'RecordIssued', issued: { ...issued, notAfter: neverEnds } },
      changing,
    )
    const changed = stateAfter(...ask(), ...made(), ...(event === undefined ? [] : [event]), ...again)
    // The key is what it was: nothing of before is kept beside it.
    expect(changed).toMatchObject({ renewal: { requested: false }, issued: { notAfter: neverEnds }, earlier: [] })
    expect(() => made(changed)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_STATE' }))
  })

  it.each([
    ['CERTIFICATE_VALIDITY', { expiresAt: createdAt }],
    ['CERTIFICATE_VALIDITY', { expiresAt: '2027-01-01T00:00:00.500Z' }],
    ['CERTIFICATE_VALIDITY', { expiresAt: '2190-01-01T00:00:00.000Z' }],
    ['USER_ID_MALFORMED', { userId: ' ' }],
    ['USER_ID_MALFORMED', { userId: 'Acme\n<a@acme.example>' }],
    ['USER_ID_MALFORMED', { userId: 'x'.repeat(256) }],
    ['CERTIFICATE_RESTRICTIONS_INVALID', { restrictions: { ...unrestricted, timestamp: true } }],
  ])('is refused with %s when it is asked for with %j', (code, changes) => {
    expect(() => ask(changes)).toThrow(expect.objectContaining({ code }))
  })

  it('has no other key in its place, and is not renewed as certificates are', () => {
    expect(() => certificateDecider.decide({ type: 'RequestRenewal' }, active)).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_STATE' }),
    )
    const event: CertificateEvent = {
      type: 'CertificateExpiryChangeRequested',
      data: { schemaVersion: 1, expiresAt: null },
    }
    const changing = stateAfter(...ask(), ...made(), event)
    const other = { ...issued, thumbprint: 'cd'.repeat(20) }
    expect(() => certificateDecider.decide({ type: 'RecordIssued', issued: other }, changing)).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_CONTINUITY' }),
    )
  })
})
