/**
 * Reads base64, of the usual or the URL-safe alphabet (RFC 4648 §4 and §5), as DSSE and sigstore bundles have it, with its padding
 * or without.
 *
 * @returns `undefined` for anything else, line breaks and bits behind the last byte included
 */
export function readBase64(text: string): Buffer | undefined {
  const unpadded = text.replace(/={1,2}$/, '')
  const bytes = Buffer.from(unpadded, 'base64')
  const usual = bytes.toString('base64')
  const written = /[-_]/.test(text) ? bytes.toString('base64url') : usual.replace(/=+$/, '')
  const isWhole = text.length === unpadded.length || text.length === usual.length
  return isWhole && unpadded === written ? bytes : undefined
}

/** What signatures of an envelope must be of: type and payload, each behind its length in bytes (DSSE v1.0). */
export function signedBytes(payloadType: string, payload: Buffer): Buffer {
  const type = Buffer.from(payloadType, 'utf8')
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload])
}
