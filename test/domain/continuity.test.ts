import { describe, expect, it } from 'vitest'
import { type CertificateIdentity, continuityFindings } from '../../domain/index.ts'
import { identityOf } from '../support/issued-facts.ts'

const before = identityOf('CN=Acme')

describe('the continuity check', () => {
  it('finds nothing where nothing that anybody compares differs', () => {
    expect(continuityFindings(before, { ...before })).toEqual([])
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
    const findings = continuityFindings(before, { ...before, ...change })
    expect(findings).toMatchObject([{ aspect, severity }])
    expect(findings[0]?.before).not.toBe(findings[0]?.after)
    expect(findings[0]?.effect.length).toBeGreaterThan(20)
  })

  it('finds everything that differs, and not only the first', () => {
    const after = { ...identityOf('CN=Other'), issuingKey: '22'.repeat(32), key: '33'.repeat(32) }
    expect(continuityFindings(before, after).map(({ aspect }) => aspect)).toEqual([
      'subject',
      'issuer',
      'issuingAuthority',
      'key',
      'appxPublisher',
    ])
  })
})
