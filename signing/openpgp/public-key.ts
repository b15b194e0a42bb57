import { createHash, createPublicKey } from 'node:crypto'
import { SigningError } from '../signing-error.ts'
import { keyNumbers, mpi, uint16, uint32 } from './packets.ts'

/** Curves by the names of JSON Web Keys: the object identifier's content (RFC 9580 §9.2) and octets of a coordinate. */
export const openPgpCurves: Readonly<Record<string, { readonly oid: string; readonly length: number }>> = {
  'P-256': { oid: '2a8648ce3d030107', length: 32 },
  'P-384': { oid: '2b81040022', length: 48 },
  'P-521': { oid: '2b81040023', length: 66 },
}

/**
 * The body of a public-key packet of version 4 (RFC 9580 §5.5.2.2).
 *
 * @param spki DER SubjectPublicKeyInfo
 * @param createdAt in whole seconds since 1970: the fingerprint depends on it
 * @throws SigningError `CMS_KEY_UNSUPPORTED` when the key is neither RSA nor on P-256, P-384 or P-521
 */
export function publicKeyBody(spki: Uint8Array, createdAt: number): Buffer {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const { kty, crv = '', n = '', e = '', x = '', y = '' } = key.export({ format: 'jwk' })
  const octets = (text: string) => Buffer.from(text, 'base64url')
  const head = (algorithm: number) => Buffer.concat([Buffer.from([4]), uint32(createdAt), Buffer.from([algorithm])])
  if (kty === 'RSA') return Buffer.concat([head(keyNumbers.rsa), mpi(octets(n)), mpi(octets(e))])
  const curve = Object.hasOwn(openPgpCurves, crv) ? openPgpCurves[crv] : undefined
  if (curve === undefined)
    throw new SigningError('CMS_KEY_UNSUPPORTED', 'An OpenPGP key must be RSA or on P-256, P-384 or P-521.')
  const oid = Buffer.from(curve.oid, 'hex')
  const padded = (text: string) => Buffer.concat([Buffer.alloc(curve.length - octets(text).length), octets(text)])
  const point = Buffer.concat([Buffer.from([4]), padded(x), padded(y)])
  return Buffer.concat([head(keyNumbers.ecdsa), Buffer.from([oid.length]), oid, mpi(point)])
}

/** What signatures that are about a key hash of it, and its fingerprint too (RFC 9580 §5.2.4, §5.5.4.2). */
export function hashedKey(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x99]), uint16(body.length), body])
}

/** The fingerprint of a key of version 4: SHA-1, as the version demands. Its last 8 octets are the key id. */
export function fingerprintOf(body: Uint8Array): Buffer {
  return createHash('sha1').update(hashedKey(body)).digest()
}
