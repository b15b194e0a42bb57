import { SigningError } from '../signing-error.ts'

const begin = '-----BEGIN '

/** A DER-encoded certificate, or what else the label names, as PEM (RFC 7468), ending with a line feed. */
export function toPem(der: Uint8Array, label: 'CERTIFICATE' | 'CERTIFICATE REQUEST' = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/**
 * The certificates in a PEM text (RFC 7468), whatever other text is between them.
 *
 * @returns undefined when this is no PEM text
 * @throws SigningError `X509_PEM_MALFORMED`
 */
export function pemCertificates(encoded: Uint8Array | string): Uint8Array[] | undefined {
  const text = typeof encoded === 'string' ? encoded : Buffer.from(encoded).toString('latin1')
  // DER begins with a SEQUENCE; a certificate may well contain the letters of PEM.
  if (text.startsWith('0') && !/^[\t\n\r\x20-\x7e]/.test(text.slice(1))) return undefined
  if (!text.includes(begin)) return undefined
  const certificates: Uint8Array[] = []
  let position = text.indexOf(begin)
  while (position >= 0) {
    const labelEnd = text.indexOf('-----', position + begin.length)
    const label = text.slice(position + begin.length, Math.max(labelEnd, 0))
    const end = text.indexOf(`-----END ${label}-----`, labelEnd)
    if (labelEnd < 0 || end < 0) throw malformed(`the block that begins at offset ${position} has no end`)
    if (label !== 'CERTIFICATE' && label !== 'X509 CERTIFICATE' && label !== 'TRUSTED CERTIFICATE') {
      throw malformed(`there is a block '${label.slice(0, 40)}', and only CERTIFICATE blocks are expected`)
    }
    const base64 = text.slice(labelEnd + 5, end).replace(/\s/g, '')
    if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) {
      throw malformed(`the block that begins at offset ${position} is not base64`)
    }
    certificates.push(Buffer.from(base64, 'base64'))
    position = text.indexOf(begin, end)
  }
  return certificates
}

function malformed(problem: string): SigningError {
  return new SigningError('X509_PEM_MALFORMED', `This is not a PEM text of certificates: ${problem}.`)
}
