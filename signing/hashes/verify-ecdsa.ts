import { createECDH, createHash, type ECDH, type KeyObject, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { bitString, integer, objectIdentifier, sequence } from '../cms/der-writer.ts'

/** `crypto.verify` on libuv's threads. */
const verifyOnThread = promisify(verify)

/** A curve y² = x³ − 3x + b over p elements, with a group of n (FIPS 186-5, SP 800-186 §3.2.1). */
type Curve = {
  readonly oid: string
  /** Bytes of a coordinate, and of a number modulo n. */
  readonly length: number
  readonly p: bigint
  readonly n: bigint
}

/** P-256, P-384 and P-521, by the names that OpenSSL gives them. */
const curves: Readonly<Record<string, Curve>> = {
  prime256v1: {
    oid: '1.2.840.10045.3.1.7',
    length: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  secp384r1: {
    oid: '1.3.132.0.34',
    length: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  secp521r1: {
    oid: '1.3.132.0.35',
    length: 66,
    p: 2n ** 521n - 1n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
}

/** What OpenSSL is given to verify in place of what was hashed, which nobody of the service has seen. */
const probe = { hash: 'sha256', message: Buffer.alloc(0) } as const
const probeDigest = toNumber(createHash(probe.hash).update(probe.message).digest())

/** Which of some signatures hold, each of the hash in the same place; one that has no hash there does not. */
export type HashCheck = (
  digests: readonly Uint8Array[],
  signatures: readonly Uint8Array[],
) => Promise<readonly boolean[]>

/**
 * What verifies ECDSA signatures of hashes with a key (FIPS 186-5 §6.4.2).
 *
 * Through Node, OpenSSL verifies signatures of messages, and hashes these itself. So it is asked about a message of which the hash
 * e₀ is known, by a key that differs from Q so much that the answer is the one for the hash e by Q. A signature (r, s) of a hash e₀
 * by Q′ holds when r is the x-coordinate of (e₀/s)G + (r/s)Q′ modulo n. With Q′ = Q + ((e − e₀)/r)G that point is
 * (e/s)G + (r/s)Q, which decides for e by Q. Making Q′ takes a multiple of G, which OpenSSL gives too, and one addition.
 *
 * The verification is on libuv's threads. Inversions are shared by the signatures of a call (Montgomery's trick).
 *
 * @param format `ieee`: r and s of equal length, one after the other; `asn1`: the DER of an ECDSA-Sig-Value (RFC 3279 §2.2.3)
 * @returns `undefined` when the key is none of P-256, P-384, P-521
 */
export function ecdsaVerifier(key: KeyObject, format: 'ieee' | 'asn1'): HashCheck | undefined {
  const name = key.asymmetricKeyDetails?.namedCurve ?? ''
  const curve = Object.hasOwn(curves, name) ? curves[name] : undefined
  if (curve === undefined) return undefined
  const { length, p, n } = curve
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const publicPoint = { x: toNumber(Buffer.from(x, 'base64url')), y: toNumber(Buffer.from(y, 'base64url')) }
  const multiplier = createECDH(name)
  const encodedPublicPoint = subjectPublicKeyInfo(curve, publicPoint)
  /** What all keys of the curve begin with. */
  const prefix = encodedPublicPoint.subarray(0, encodedPublicPoint.length - 2 * length)

  /** The keys Q′ of signatures; `undefined` where there is none. */
  function shiftedKeys(digests: readonly Uint8Array[], rs: readonly bigint[]): readonly (Point | undefined)[] {
    const inverses = inverted(rs, n)
    const shifts = digests.map((digest, index) => {
      // All lengths of hashes are whole bytes, and no longer than the group's order or cut to it.
      const difference = toNumber(digest.subarray(0, length)) - probeDigest
      return modulo(difference * (inverses[index] ?? 0n), n)
    })
    const multiples = shifts.map((shift) => (shift === 0n ? undefined : baseMultiple(multiplier, shift, length)))
    const sums = sumsWith(
      publicPoint,
      multiples.map((multiple) => multiple ?? publicPoint),
      p,
    )
    return sums.map((sum, index) => (multiples[index] === undefined ? publicPoint : sum))
  }

  return async (digests, signatures) => {
    const candidates = signatures.flatMap((signature, index) => {
      // OpenSSL is given the very r that the key is made for, so whatever encoding came here cannot be read in two ways.
      const raw = format === 'ieee' ? signature : rawSignatureOf(signature, length)
      if (raw?.length !== 2 * length) return []
      const r = toNumber(raw.subarray(0, length))
      const digest = digests[index]
      return digest === undefined || r === 0n || r >= n ? [] : [{ index, raw, r, digest }]
    })
    const keys = shiftedKeys(
      candidates.map(({ digest }) => digest),
      candidates.map(({ r }) => r),
    )
    const holds = signatures.map(() => false)
    await Promise.all(
      candidates.map(async ({ index, raw }, at) => {
        const point = keys[at]
        if (point === undefined) return
        const spki = Buffer.concat([prefix, toBytes(point.x, length), toBytes(point.y, length)])
        const key = { key: spki, format: 'der', type: 'spki', dsaEncoding: 'ieee-p1363' } as const
        holds[index] = await verifyOnThread(probe.hash, probe.message, key, raw)
      }),
    )
    return holds
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

/** DER SubjectPublicKeyInfo of a point (RFC 5480 §2). */
function subjectPublicKeyInfo({ oid, length }: Curve, { x, y }: Point): Buffer {
  const algorithm = sequence(objectIdentifier('1.2.840.10045.2.1'), objectIdentifier(oid))
  const point = Buffer.concat([Buffer.from([4]), toBytes(x, length), toBytes(y, length)])
  return Buffer.from(sequence(algorithm, bitString(0, point)))
}

function baseMultiple(multiplier: ECDH, factor: bigint, length: number): Point {
  multiplier.setPrivateKey(toBytes(factor, length))
  const encoded = multiplier.getPublicKey()
  return { x: toNumber(encoded.subarray(1, 1 + length)), y: toNumber(encoded.subarray(1 + length)) }
}

/**
 * The sums of one point with others. `undefined` for an equal one and for one with which the sum is no point: a signature of which
 * that is true would need a logarithm of the key to make, so it is refused instead of being treated apart.
 */
function sumsWith(one: Point, others: readonly Point[], p: bigint): readonly (Point | undefined)[] {
  const differences = others.map(({ x }) => modulo(x - one.x, p))
  const inverses = inverted(
    differences.map((difference) => (difference === 0n ? 1n : difference)),
    p,
  )
  return others.map((other, index) => {
    if (differences[index] === 0n) return undefined
    const slope = modulo((other.y - one.y) * (inverses[index] ?? 0n), p)
    const x = modulo(slope * slope - one.x - other.x, p)
    return { x, y: modulo(slope * (one.x - x) - one.y, p) }
  })
}

/** The inverses of numbers modulo a prime, none of them a multiple of it: one is computed, of their product. */
function inverted(numbers: readonly bigint[], prime: bigint): readonly bigint[] {
  const products: bigint[] = []
  let product = 1n
  for (const number of numbers) {
    products.push(product)
    product = (product * number) % prime
  }
  let inverse = inverseOf(product, prime)
  const inverses: bigint[] = []
  for (const [index, number] of [...numbers.entries()].toReversed()) {
    inverses[index] = (inverse * (products[index] ?? 0n)) % prime
    inverse = (inverse * number) % prime
  }
  return inverses
}

/** The inverse modulo a prime, by Euclid's algorithm. */
function inverseOf(number: bigint, prime: bigint): bigint {
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
