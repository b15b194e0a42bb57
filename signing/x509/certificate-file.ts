import { SigningError } from '../signing-error.ts'
import { type CertificateFacts, parseCertificates, readCertificate } from './certificate.ts'
import { decodeBase64, pemBlocks } from './pem.ts'
import { isPkcs7, pkcs7Certificates } from './pkcs7-certificates.ts'

/** The largest file with certificates that is read, in bytes. */
export const largestCertificateFile = 512 * 1024

const maximumCertificates = 64

/**
 * Reads the certificates of a file as authorities hand it out: PEM with certificates or PKCS #7, DER certificates joined,
 * PKCS #7, or base64 of these without its lines around it.
 *
 * @returns the certificates in their order, each of them once
 * @throws SigningError `CERTIFICATE_FILE_TOO_LARGE`, `CERTIFICATE_FILE_EMPTY`, `X509_MALFORMED`, `X509_PEM_MALFORMED`,
 *   `PKCS7_MALFORMED`
 */
export function readCertificateFile(file: Uint8Array): readonly CertificateFacts[] {
  if (file.length > largestCertificateFile)
    throw new SigningError(
      'CERTIFICATE_FILE_TOO_LARGE',
      `A file with certificates has at most ${largestCertificateFile} bytes; this one has ${file.length}.`,
    )
  const certificates = new Map(certificatesOf(file).map((certificate) => [certificate.thumbprintSha256, certificate]))
  if (certificates.size === 0 || certificates.size > maximumCertificates)
    throw new SigningError(
      'CERTIFICATE_FILE_EMPTY',
      `A file with 1 to ${maximumCertificates} certificates was expected; there are ${certificates.size}.`,
    )
  return [...certificates.values()]
}

function certificatesOf(file: Uint8Array): readonly CertificateFacts[] {
  const blocks = pemBlocks(file, ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE', 'PKCS7', 'CMS'])
  if (blocks !== undefined)
    return blocks.flatMap(({ label, content }) =>
      label === 'PKCS7' || label === 'CMS' ? fromPkcs7(content) : [readCertificate(content)],
    )
  if (file[0] === 0x30 && isPkcs7(file)) return fromPkcs7(file)
  const decoded = file[0] === 0x30 ? undefined : decodeBase64(Buffer.from(file).toString('latin1'))
  if (decoded !== undefined) return isPkcs7(decoded) ? fromPkcs7(decoded) : parseCertificates(decoded)
  return file.length === 0 ? [] : parseCertificates(file)
}

function fromPkcs7(message: Uint8Array): readonly CertificateFacts[] {
  return pkcs7Certificates(message).map(readCertificate)
}
