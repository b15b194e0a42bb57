import type { HashAlgorithm } from '../../domain/index.ts'

/** What of a message follows from the boundary and the hash algorithm alone. */
export interface MessageFrame {
  /** What stands before the signed part. */
  readonly head: string
  /** What stands between the signed part and the signature. */
  readonly middle: string
  /** What stands behind the signature's base64. */
  readonly end: string
}

/** The names of hash algorithms in `micalg` (RFC 8551 §3.5.3.2). */
export const micalgs: Readonly<Record<HashAlgorithm, string>> = {
  sha256: 'sha-256',
  sha384: 'sha-384',
  sha512: 'sha-512',
}

/**
 * The frame of a multipart/signed message (RFC 8551 §3.5.3.3, RFC 1847 §2.1). Every line ends in CR LF; the one before a boundary
 * belongs to the boundary.
 */
export function messageFrame(boundary: string, hash: HashAlgorithm): MessageFrame {
  const type = 'application/pkcs7-signature'
  return {
    head: [
      'MIME-Version: 1.0',
      `Content-Type: multipart/signed; protocol="${type}";`,
      ` micalg=${micalgs[hash]}; boundary="${boundary}"`,
      '',
      'This is an S/MIME signed message',
      '',
      `--${boundary}`,
      '',
    ].join('\r\n'),
    middle: [
      '',
      `--${boundary}`,
      `Content-Type: ${type}; name=smime.p7s`,
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment; filename=smime.p7s',
      '',
      '',
    ].join('\r\n'),
    end: `\r\n--${boundary}--\r\n`,
  }
}
