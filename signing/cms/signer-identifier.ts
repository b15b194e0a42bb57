import { readSubjectKeyIdentifier } from './certificate-extensions.ts'
import type { CertificateFields } from './certificate-fields.ts'
import type { DerReader } from './der-reader.ts'

/** How a SignerInfo names its certificate (RFC 5652 §5.3): a Name and the content octets of a serial number, or a key's name. */
export type SignerIdentifier =
  | { readonly kind: 'issuerAndSerialNumber'; readonly issuer: Uint8Array; readonly serialNumber: Uint8Array }
  | { readonly kind: 'subjectKeyIdentifier'; readonly keyIdentifier: Uint8Array }

/** Takes the `sid` of a SignerInfo. */
export function takeSignerIdentifier(info: DerReader): SignerIdentifier {
  const keyIdentifier = info.takeOptional(0x80, 'the subject key identifier')
  if (keyIdentifier !== undefined) return { kind: 'subjectKeyIdentifier', keyIdentifier: keyIdentifier.content }
  const fields = info.enter(0x30, 'issuerAndSerialNumber')
  const issuer = fields.take(0x30, 'the issuer of issuerAndSerialNumber').encoded
  const serialNumber = fields.integer('the serial number of issuerAndSerialNumber')
  fields.end('issuerAndSerialNumber')
  return { kind: 'issuerAndSerialNumber', issuer, serialNumber }
}

/**
 * Whether a certificate is the one that a signer names.
 *
 * @param code of the `SigningError` that a malformed subject key identifier of the certificate gets
 */
export function isNamedBy(identifier: SignerIdentifier, certificate: CertificateFields, code: string): boolean {
  if (identifier.kind === 'issuerAndSerialNumber')
    return (
      Buffer.compare(identifier.issuer, certificate.issuer) === 0 &&
      Buffer.compare(identifier.serialNumber, certificate.serialNumber) === 0
    )
  const stated = readSubjectKeyIdentifier(certificate, code)
  return stated !== undefined && Buffer.compare(stated, identifier.keyIdentifier) === 0
}
