import { nameText, serialText } from '../authenticode/foreign-parts.ts'
import { readCertificateFields } from '../cms/index.ts'

/**
 * Who made a signature that a file carries already, as plans name them: by the certificate that came with it, in RFC 4514; nobody where
 * none came, or none that can be read.
 *
 * @param certificate DER
 */
export function existingSigner(certificate: Uint8Array | undefined): {
  readonly signer: string | null
  readonly issuer: string | null
  readonly serialNumber: string | null
} {
  if (certificate === undefined) return { signer: null, issuer: null, serialNumber: null }
  try {
    const { subject, issuer, serialNumber } = readCertificateFields(certificate, 'X509_MALFORMED')
    return { signer: nameText(subject), issuer: nameText(issuer), serialNumber: serialText(serialNumber) }
  } catch {
    return { signer: null, issuer: null, serialNumber: null }
  }
}
