import { createECDH, type ECDH, type KeyObject } from 'node:crypto'
import { integer, sequence } from '../cms/der-writer.ts'

/** A curve y² = x³ − 3x + b over p elements, with a group of n (FIPS 186-5, SP 800-186 §3.2.1). */
type Curve = {
  readonly name: string
  /** Bytes of a coordinate, and of a number modulo n. */
  readonly length: number
  readonly p: bigint
  readonly n: bigint
}

const curves: Readonly<Record<string, Curve>> = {
  'P-256': {
    name: 'prime256v1',
    length: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    name: 'secp384r1',
    length: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    name: 'secp521r1',
    length: 66,
    p: 2n ** 521n - 1n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
}

/**
 * What checks ECDSA signatures of hashes with a key (FIPS 186-5 §6.4.2).
 *
 * Node has OpenSSL check signatures of messages, and not of their hashes. So this asks OpenSSL for the two things that take long,
 * a multiple of the base point and a multiple of a point, and does the rest itself. A signature holds when r is the x-coordinate
 * of u₁G + u₂Q modulo n, with u₁ = e/s and u₂ = r/s. That is u₂(Q + (e/r)G): one multiple of G, one addition, and one
 * multiplication, of which OpenSSL gives the x-coordinate alone, which is all that is asked for.
 *
 * @param format `ieee`: r and s of equal length, one after the other; `asn1`: the DER of an ECDSA-Sig-Value (RFC 3279 §2.2.3)
 * @returns `undefined` when the key is none of P-256, P-384, P-521
 */
export function ecdsaVerifier(
  key: KeyObject,
  format: 'ieee' | 'asn1',
): ((digest: Uint8Array, signature: Uint8Array) => boolean) | undefined {
  const { crv = '', x = '', y = '' } = key.export({ format: 'jwk' })
  const curve = Object.hasOwn(curves, crv) ? curves[crv] : undefined
  if (curve === undefined) return undefined
  const publicPoint = { x: toNumber(Buffer.from(x, 'base64url')), y: toNumber(Buffer.from(y, 'base64url')) }
  const multiplier = createECDH(curve.name)
  return (digest, signature) => {
    const raw = format === 'ieee' ? signature : rawSignatureOf(signature, curve.length)
    return raw !== undefined && holds(curve, multiplier, publicPoint, digest, raw)
  }
}

/** r and s of an ECDSA-Sig-Value; `undefined` when it is not DER to the last byte. */
function rawSignatureOf(encoded: Uint8Array, length: number): Uint8Array | undefined {
  const bytes = Buffer.from(encoded)
  const raw = Buffer.alloc(2 * length)
  const isLong = bytes[1] === 0x81
  let at = isLong ? 3 : 2
  for (const end of [length, 2 * length]) {
    const size = bytes[at + 1] ?? 0
    const digits = bytes.subarray(at + 2, at + 2 + size)
    const isPadded = digits[0] === 0 && size > 1
    if (digits.length !== size || size - (isPadded ? 1 : 0) > length) return undefined
    digits.copy(raw, end - size + (isPadded ? 1 : 0), isPadded ? 1 : 0)
    at += 2 + size
  }
  // Written again it must be the same: DER has one form for each value.
  const again = sequence(integer(raw.subarray(0, length)), integer(raw.subarray(length)))
  return bytes.equals(again) ? raw : undefined
}

type Point = { readonly x: bigint; readonly y: bigint }

function holds(
  { length, p, n }: Curve,
  multiplier: ECDH,
  publicPoint: Point,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== 2 * length) return false
  const r = toNumber(signature.subarray(0, length))
  const s = toNumber(signature.subarray(length))
  if (r === 0n || r >= n || s === 0n || s >= n) return false
  // All lengths of hashes are whole bytes, and no longer than the group's order or cut to it.
  const e = toNumber(digest.subarray(0, length)) % n
  const inverse = inverted(r * s, n)
  const ratio = modulo(e * modulo(s * inverse, n), n)
  const point = ratio === 0n ? publicPoint : sum(publicPoint, baseMultiple(multiplier, ratio, length), p)
  if (point === undefined) return false
  multiplier.setPrivateKey(toBytes(modulo(r * modulo(r * inverse, n), n), length))
  const encoded = Buffer.concat([Buffer.from([4]), toBytes(point.x, length), toBytes(point.y, length)])
  return toNumber(multiplier.computeSecret(encoded)) % n === r
}

function baseMultiple(multiplier: ECDH, factor: bigint, length: number): Point {
  multiplier.setPrivateKey(toBytes(factor, length))
  const encoded = multiplier.getPublicKey()
  return { x: toNumber(encoded.subarray(1, 1 + length)), y: toNumber(encoded.subarray(1 + length)) }
}

/**
 * The sum of two points. `undefined` for equal ones and for those whose sum is no point: a signature of which that is true would
 * need a logarithm of the key to make, so it is refused instead of being treated apart.
 */
function sum(one: Point, other: Point, p: bigint): Point | undefined {
  if (one.x === other.x) return undefined
  const slope = modulo((other.y - one.y) * inverted(modulo(other.x - one.x, p), p), p)
  const x = modulo(slope * slope - one.x - other.x, p)
  return { x, y: modulo(slope * (one.x - x) - one.y, p) }
}

/** The inverse modulo a prime, by Euclid's algorithm. */
function inverted(number: bigint, prime: bigint): bigint {
  let [a, b] = [modulo(number, prime), prime]
  let [u, v] = [1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b] = [b - quotient * a, a]
    ;[u, v] = [v - quotient * u, u]
  }
  return modulo(u, prime)
}

function modulo(number: bigint, modulus: bigint): bigint {
  const rest = number % modulus
  return rest < 0n ? rest + modulus : rest
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.length === 0
    ? 0n
    : BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`)
}

function toBytes(number: bigint, length: number): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex')
}
