import { createHash, X509Certificate } from 'node:crypto'
import { type CertificateFields, readCertificateFields } from '../../signing/cms/index.ts'
import { comparableName, type DistinguishedName, readName } from './names.ts'

/** A certificate, read once. */
export type Certificate = CertificateFields & {
  readonly subjectName: DistinguishedName
  readonly issuerName: DistinguishedName
  /** Names in the form in which they are compared (RFC 5280 §7.1). */
  readonly comparableSubject: string
  readonly comparableIssuer: string
  /** Hexadecimal, lower case, without leading zeros. */
  readonly serialText: string
  /** SHA-256 of its encoding, hexadecimal. */
  readonly fingerprint: string
}

/** The code of what is wrong with the form of a certificate. */
export const malformedCertificate = 'PROXY_CERTIFICATE_MALFORMED'

/**
 * Reads a certificate strictly.
 *
 * @param encoded DER
 * @throws SigningError `PROXY_CERTIFICATE_MALFORMED`
 */
export function readCertificate(encoded: Uint8Array): Certificate {
  const fields = readCertificateFields(encoded, malformedCertificate)
  const subjectName = readName(fields.subject, malformedCertificate)
  const issuerName = readName(fields.issuer, malformedCertificate)
  return {
    ...fields,
    subjectName,
    issuerName,
    comparableSubject: comparableName(subjectName),
    comparableIssuer: comparableName(issuerName),
    serialText: serialText(fields.serialNumber),
    fingerprint: createHash('sha256').update(encoded).digest('hex'),
  }
}

/** A serial number by its content octets, as text that is the same for the same number. */
export function serialText(octets: Uint8Array): string {
  return (
    Buffer.from(octets)
      .toString('hex')
      .replace(/^(00)+(?=..)/, '')
      .replace(/^0(?=.)/, '') || '0'
  )
}

/** The DER encodings of all certificates of a PEM text, or of a DER file. @throws Error when there is none */
export function certificatesOfFile(bytes: Buffer): readonly Buffer[] {
  if (bytes[0] === 0x30) return [new X509Certificate(bytes).raw]
  const blocks = bytes.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error('it holds no certificate, neither PEM nor DER')
  return blocks.map((block) => new X509Certificate(block).raw)
}
