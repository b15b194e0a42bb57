import { SigningError } from '../signing-error.ts'

const begin = '-----BEGIN '

/** A DER-encoded certificate, or what else the label names, as PEM (RFC 7468), ending with a line feed. */
export function toPem(der: Uint8Array, label: 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'CMS' = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** One block of a PEM text. */
export interface PemBlock {
  readonly label: string
  readonly content: Uint8Array
}

const certificateLabels: readonly string[] = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']

/**
 * The certificates in a PEM text (RFC 7468), whatever other text is between them.
 *
 * @returns undefined when this is no PEM text
 * @throws SigningError `X509_PEM_MALFORMED`
 */
export function pemCertificates(encoded: Uint8Array | string): Uint8Array[] | undefined {
  return pemBlocks(encoded, certificateLabels)?.map(({ content }) => content)
}

/**
 * The blocks of a PEM text (RFC 7468), whatever other text is between them.
 *
 * @param labels the labels that are expected
 * @returns undefined when this is no PEM text
 * @throws SigningError `X509_PEM_MALFORMED`
 */
export function pemBlocks(encoded: Uint8Array | string, labels: readonly string[]): PemBlock[] | undefined {
  const text = typeof encoded === 'string' ? encoded : Buffer.from(encoded).toString('latin1')
  // DER begins with a SEQUENCE; a certificate may well contain the letters of PEM.
  if (text.startsWith('0') && !/^[\t\n\r\x20-\x7e]/.test(text.slice(1))) return undefined
  if (!text.includes(begin)) return undefined
  const blocks: PemBlock[] = []
  let position = text.indexOf(begin)
  while (position >= 0) {
    const labelEnd = text.indexOf('-----', position + begin.length)
    const label = text.slice(position + begin.length, Math.max(labelEnd, 0))
    const end = text.indexOf(`-----END ${label}-----`, labelEnd)
    if (labelEnd < 0 || end < 0) throw malformed(`the block that begins at offset ${position} has no end`)
    if (!labels.includes(label))
      throw malformed(`there is a block '${label.slice(0, 40)}', and only blocks ${labels.join(', ')} are expected`)
    const content = decodeBase64(text.slice(labelEnd + 5, end))
    if (content === undefined) throw malformed(`the block that begins at offset ${position} is not base64`)
    blocks.push({ label, content })
    position = text.indexOf(begin, end)
  }
  return blocks
}

/** What base64 text with any line breaks stands for (RFC 4648 §4); `undefined` when it is none, or empty. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const base64 = text.replace(/\s/g, '')
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined
  return Buffer.from(base64, 'base64')
}

function malformed(problem: string): SigningError {
  return new SigningError('X509_PEM_MALFORMED', `This is not a PEM text of certificates: ${problem}.`)
}
