import { createPublicKey, type KeyObject } from 'node:crypto'
import type { KeyAlgorithm } from '../../domain/index.ts'

/** A curve as PKCS#11 and node:crypto name it, and the length of its field elements and of its group order in bytes. */
export interface Curve {
  readonly algorithm: KeyAlgorithm
  /** CKA_EC_PARAMS: the DER-encoded object identifier of the named curve (RFC 5480 §2.1.1). */
  readonly parameters: Uint8Array
  readonly jwkName: string
  readonly fieldLength: number
}

/** The curves of FIPS 186-5 that certificates may use. */
export const curves: readonly Curve[] = [
  { algorithm: 'ec-p256', parameters: fromHex('06082a8648ce3d030107'), jwkName: 'P-256', fieldLength: 32 },
  { algorithm: 'ec-p384', parameters: fromHex('06052b81040022'), jwkName: 'P-384', fieldLength: 48 },
  { algorithm: 'ec-p521', parameters: fromHex('06052b81040023'), jwkName: 'P-521', fieldLength: 66 },
]

/** The RSA key types by modulus length in bits. */
export const rsaAlgorithms: ReadonlyMap<number, KeyAlgorithm> = new Map([
  [2048, 'rsa-2048'],
  [3072, 'rsa-3072'],
  [4096, 'rsa-4096'],
])

/** A public key read from a token. */
export interface TokenPublicKey {
  readonly algorithm: KeyAlgorithm
  readonly keyObject: KeyObject
  /** DER-encoded SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
  readonly spki: Uint8Array
}

/**
 * An RSA public key from CKA_MODULUS and CKA_PUBLIC_EXPONENT (big-endian, leading zeros allowed).
 *
 * @returns undefined when the modulus has a length that certificates may not have
 */
export function rsaPublicKey(modulus: Uint8Array, publicExponent: Uint8Array): TokenPublicKey | undefined {
  const n = withoutLeadingZeros(modulus)
  const algorithm = rsaAlgorithms.get(bitLength(n))
  if (algorithm === undefined) return undefined
  const e = withoutLeadingZeros(publicExponent)
  return fromJwk(algorithm, { kty: 'RSA', n: base64Url(n), e: base64Url(e) })
}

/**
 * An elliptic-curve public key from CKA_EC_PARAMS and CKA_EC_POINT. The point is uncompressed (SEC 1 §2.3.3), and comes
 * inside a DER OCTET STRING (PKCS#11 2.40) or, from tokens that read PKCS#11 2.20 otherwise, without it.
 *
 * @returns undefined when the curve is one that certificates may not use, or the point cannot be read
 */
export function ecPublicKey(parameters: Uint8Array, point: Uint8Array): TokenPublicKey | undefined {
  const curve = curves.find((candidate) => Buffer.from(candidate.parameters).equals(parameters))
  if (curve === undefined) return undefined
  const uncompressed = uncompressedPoint(point, curve.fieldLength)
  if (uncompressed === undefined) return undefined
  const x = uncompressed.subarray(1, 1 + curve.fieldLength)
  const y = uncompressed.subarray(1 + curve.fieldLength)
  return fromJwk(curve.algorithm, { kty: 'EC', crv: curve.jwkName, x: base64Url(x), y: base64Url(y) })
}

/**
 * A public key from DER SubjectPublicKeyInfo.
 *
 * @returns undefined when it cannot be read, or is of a type that certificates may not use
 */
export function readPublicKey(spki: Uint8Array): TokenPublicKey | undefined {
  try {
    const keyObject = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const { kty, crv = '', n = '' } = keyObject.export({ format: 'jwk' })
    const algorithm =
      kty === 'RSA'
        ? rsaAlgorithms.get(bitLength(Buffer.from(n, 'base64url')))
        : curves.find(({ jwkName }) => jwkName === crv)?.algorithm
    if (algorithm === undefined) return undefined
    return { algorithm, keyObject, spki: keyObject.export({ type: 'spki', format: 'der' }) }
  } catch {
    return undefined
  }
}

/** The bare and the wrapped form differ in length, so a bare point (which begins with 0x04 too) cannot be mistaken. */
function uncompressedPoint(point: Uint8Array, fieldLength: number): Uint8Array | undefined {
  const pointLength = 1 + 2 * fieldLength
  const header = pointLength < 0x80 ? [0x04, pointLength] : [0x04, 0x81, pointLength]
  let bare = point
  if (point.length === header.length + pointLength && header.every((byte, index) => point[index] === byte)) {
    bare = point.subarray(header.length)
  }
  return bare.length === pointLength && bare[0] === 0x04 ? bare : undefined
}

function fromJwk(algorithm: KeyAlgorithm, key: Record<string, string>): TokenPublicKey | undefined {
  try {
    const keyObject = createPublicKey({ key, format: 'jwk' })
    return { algorithm, keyObject, spki: keyObject.export({ type: 'spki', format: 'der' }) }
  } catch {
    // A point that is not on its curve, or an exponent that is none.
    return undefined
  }
}

function withoutLeadingZeros(integer: Uint8Array): Uint8Array {
  let start = 0
  while (start < integer.length - 1 && integer[start] === 0) start++
  return integer.subarray(start)
}

function bitLength(integer: Uint8Array): number {
  return integer.length === 0 ? 0 : integer.length * 8 - Math.clz32(integer[0] ?? 0) + 24
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
