import { describe, expect, it } from 'vitest'
import { type CertificateIdentity, continuityFindings } from '../../domain/index.ts'
import { identityOf, issuedFacts } from '../support/issued-facts.ts'

const before = identityOf('CN=Acme')
const facts = issuedFacts('CN=Acme', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z')
const between = (one: CertificateIdentity, other: CertificateIdentity) =>
  continuityFindings({ ...facts, identity: one }, { ...facts, identity: other })

describe('the continuity check', () => {
  it('finds nothing where nothing that anybody compares differs', () => {
    expect(between(before, { ...before })).toEqual([])
  })

  it.each<[string, 'notice' | 'warning' | 'alarm', Partial<CertificateIdentity>]>([
    ['subject', 'warning', { subject: 'CN=Acme Ltd' }],
    // The same text in another encoding, such as PrintableString in place of UTF8String.
    ['subject', 'warning', { subjectEncoding: '00' }],
    ['issuer', 'warning', { issuer: 'CN=Other' }],
    ['issuingAuthority', 'alarm', { issuingKey: '22'.repeat(32) }],
    ['key', 'notice', { key: '22'.repeat(32) }],
    ['extendedKeyUsages', 'warning', { extendedKeyUsages: [] }],
    ['publicKeyToken', 'warning', { publicKeyToken: 'b03f5f7f11d50a3a' }],
    ['appxPublisher', 'warning', { appxPublisher: 'CN="Acme, Ltd"' }],
  ])('finds that the %s differs: %s', (aspect, severity, change) => {
    const findings = between(before, { ...before, ...change })
    expect(findings).toMatchObject([{ aspect, severity }])
    expect(findings[0]?.before).not.toBe(findings[0]?.after)
    expect(findings[0]?.effect.length).toBeGreaterThan(20)
  })

  it('finds everything that differs, and not only the first', () => {
    const after = { ...identityOf('CN=Other'), issuingKey: '22'.repeat(32), key: '33'.repeat(32) }
    expect(between(before, after).map(({ aspect }) => aspect)).toEqual([
      'subject',
      'issuer',
      'issuingAuthority',
      'key',
      'appxPublisher',
    ])
  })

  it('of an OpenPGP key finds the fingerprint and the user id, which are all that anybody knows', () => {
    const key = { format: 'openpgp', subject: 'Acme <a@acme.example>', thumbprint: 'aa'.repeat(20) } as const
    expect(continuityFindings(key, { ...key })).toEqual([])
    const other = { ...key, thumbprint: 'bb'.repeat(20) }
    expect(continuityFindings(key, other)).toMatchObject([{ aspect: 'key', severity: 'warning' }])
    expect(continuityFindings(facts, key).map(({ aspect }) => aspect)).toEqual(['subject', 'key'])
  })
})
