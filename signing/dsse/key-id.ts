import { createHash, type KeyObject } from 'node:crypto'

/** Curves by the names of JSON Web Keys, as SSH calls them (RFC 5656 §10.1). */
const sshCurves: Readonly<Record<string, string>> = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' }

/**
 * What envelopes call a key: its SSH fingerprint, `SHA256:` and base64, as `ssh-keygen -l` prints it. Common libraries (that of
 * Go, and with it cosign) pass over a signature whose `keyid` is another text, so it is this or none.
 *
 * @returns the empty text, which names no key, for keys that have none here
 */
export function keyIdOf(key: KeyObject): string {
  const blob = sshPublicKey(key)
  return blob === undefined ? '' : `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The public key blob of SSH (RFC 4253 §6.6, RFC 5656 §3.1). */
function sshPublicKey(key: KeyObject): Buffer | undefined {
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = key.export({ format: 'jwk' })
  const number = (text: string) => Buffer.from(text, 'base64url')
  if (kty === 'RSA') return Buffer.concat([text('ssh-rsa'), positive(number(e)), positive(number(n))])
  const curve = Object.hasOwn(sshCurves, crv) ? sshCurves[crv] : undefined
  if (curve === undefined) return undefined
  const point = Buffer.concat([Buffer.from([4]), number(x), number(y)])
  return Buffer.concat([text(`ecdsa-sha2-${curve}`), text(curve), counted(point)])
}

const text = (value: string) => counted(Buffer.from(value))

/** A positive number: a first byte of zero keeps its highest bit from being the sign (RFC 4251 §5). */
const positive = (digits: Buffer) =>
  counted((digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits)

function counted(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
