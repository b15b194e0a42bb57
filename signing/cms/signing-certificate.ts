import { createHash } from 'node:crypto'
import { SigningError } from '../signing-error.ts'
import { takeDigestAlgorithm } from './algorithm-identifiers.ts'
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts'
import { type DerElement, DerReader } from './der-reader.ts'
import * as der from './der-writer.ts'
import { objectIdentifiers } from './object-identifiers.ts'
import type { ErrorArea, SignerInfo } from './parse-signed-data.ts'
import { singleValue } from './verify-signer.ts'

/**
 * The value of SigningCertificateV2 (RFC 5035 §3) with SHA-256, whose identifier is the default and therefore left out.
 *
 * @param certificate DER, the signer's
 * @throws SigningError `CMS_CERTIFICATE_MALFORMED`
 */
export function encodeSigningCertificate(certificate: Uint8Array): Uint8Array {
  const { issuer, serialNumber } = readCertificateFields(certificate, 'CMS_CERTIFICATE_MALFORMED')
  const issuerSerial = der.sequence(der.sequence(der.context(4, issuer)), der.element(0x02, serialNumber))
  const named = der.sequence(der.octetString(createHash('sha256').update(certificate).digest()), issuerSerial)
  return der.sequence(der.sequence(named))
}

/** The value of a signing time: UTCTime until 2049, GeneralizedTime after (RFC 5652 §11.3). */
export function encodeSigningTime(time: Date): Uint8Array {
  if (time.getUTCFullYear() >= 2050) return der.generalizedTime(time)
  return der.element(0x17, der.generalizedTime(time).subarray(4))
}

/**
 * The first ESSCertID of the signing certificate attribute must be the signer's certificate, so that no other certificate
 * with the same key can take its place (RFC 2634 §5.4, RFC 5816 §2.2.1): that of version 2, of version 1, or both.
 *
 * @throws SigningError `<area>_ATTRIBUTES_INVALID`, `<area>_ALGORITHM_UNSUPPORTED`, `<area>_MALFORMED`
 */
export function assertSigningCertificate(
  { signedAttributes }: SignerInfo,
  leaf: CertificateFields,
  area: ErrorArea,
): void {
  const { signingCertificate, signingCertificateV2 } = objectIdentifiers
  const present = [signingCertificateV2, signingCertificate].filter((type) =>
    signedAttributes.some((attribute) => attribute.type === type),
  )
  // Without any the error names the one that is usual today.
  for (const type of present.length === 0 ? [signingCertificateV2] : present) {
    const value = singleValue(signedAttributes, type, area)
    if (!namesFirst(value, leaf, { isSecondVersion: type === signingCertificateV2, area }))
      throw new SigningError(
        `${area}_ATTRIBUTES_INVALID`,
        'The signing certificate attribute names another certificate than the one that signed.',
      )
  }
}

function namesFirst(
  value: DerElement,
  leaf: CertificateFields,
  { isSecondVersion, area }: { readonly isSecondVersion: boolean; readonly area: ErrorArea },
): boolean {
  const list = new DerReader(value.encoded, `${area}_MALFORMED`)
    .enter(0x30, 'the signing certificate attribute')
    .enter(0x30, 'the certificates of the signing certificate attribute')
  const first = list.enter(0x30, 'ESSCertID')
  let hash: string = isSecondVersion ? 'sha256' : 'sha1'
  if (isSecondVersion && first.nextIs(0x30)) {
    const stated = takeDigestAlgorithm(first, 'the hash algorithm of ESSCertIDv2')
    if (stated === undefined)
      throw new SigningError(`${area}_ALGORITHM_UNSUPPORTED`, 'ESSCertIDv2 must use SHA-256, SHA-384 or SHA-512.')
    hash = stated
  }
  const certificateHash = first.take(0x04, 'the certificate hash of ESSCertID').content
  const matches = Buffer.compare(createHash(hash).update(leaf.encoded).digest(), certificateHash) === 0
  return matches && namesCertificate(first, leaf)
}

/** IssuerSerial is optional; where it is there, it must be the certificate's. */
function namesCertificate(first: DerReader, leaf: CertificateFields): boolean {
  if (!first.hasMore()) return true
  const issuerSerial = first.enter(0x30, 'IssuerSerial of ESSCertID')
  first.end('ESSCertID')
  const names = issuerSerial.enter(0x30, 'the issuer of IssuerSerial')
  const directoryName = names.enter(0xa4, 'the directory name of IssuerSerial')
  const issuer = directoryName.take(0x30, 'the directory name of IssuerSerial').encoded
  const serialNumber = issuerSerial.integer('the serial number of IssuerSerial')
  return Buffer.compare(issuer, leaf.issuer) === 0 && Buffer.compare(serialNumber, leaf.serialNumber) === 0
}
