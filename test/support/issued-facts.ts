import { type CertificateIdentity, type IssuedX509Certificate, unrestricted } from '../../domain/index.ts'

/** What is seen of a certificate of which nothing but its name matters. */
export function identityOf(subject: string): CertificateIdentity {
  return {
    subject,
    subjectEncoding: Buffer.from(subject).toString('hex'),
    issuer: subject,
    issuingKey: '11'.repeat(32),
    key: '11'.repeat(32),
    extendedKeyUsages: ['1.3.6.1.5.5.7.3.3'],
    publicKeyToken: null,
    appxPublisher: subject,
  }
}

/** A certificate as it was issued, of which nothing but its name and validity matters. */
export function issuedFacts(subject: string, notBefore: string, notAfter: string): IssuedX509Certificate {
  return {
    format: 'x509',
    chain: ['MAA='],
    thumbprint: 'ab'.repeat(32),
    subject,
    issuer: subject,
    serialNumber: '01',
    notBefore,
    notAfter,
    identity: identityOf(subject),
  }
}

/** What a request for a certificate leaves open when nothing of it matters. */
export const plainRequest = { restrictions: unrestricted, renewBeforeHours: null } as const
