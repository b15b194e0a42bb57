import { createPublicKey } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'

/** A packet as it was read. */
export interface ReadPacket {
  readonly tag: number
  readonly body: Buffer
}

/** A signature packet of version 4. Nothing of it is verified. */
export interface ReadSignature {
  readonly type: number
  readonly keyType: 'rsa' | 'ecdsa'
  readonly hash: HashAlgorithm
  /** By type; each at most once. */
  readonly subpackets: ReadonlyMap<number, Buffer>
  /** What is hashed behind what is signed. */
  readonly trailer: Buffer
  /** The first two octets of the digest. */
  readonly digestStart: Buffer
  /** RSA: the number; ECDSA: r and s. Without leading zeros. */
  readonly integers: readonly Buffer[]
}

/** A public key packet of version 4. */
export interface ReadPublicKey {
  /** In whole seconds since 1970. */
  readonly createdAt: number
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
}

const hashes: ReadonlyMap<number, HashAlgorithm> = new Map([
  [8, 'sha256'],
  [9, 'sha384'],
  [10, 'sha512'],
])

const curves: ReadonlyMap<string, { readonly crv: string; readonly length: number }> = new Map([
  ['2a8648ce3d030107', { crv: 'P-256', length: 32 }],
  ['2b81040022', { crv: 'P-384', length: 48 }],
  ['2b81040023', { crv: 'P-521', length: 66 }],
])

/** More nobody needs: a certificate has two packets and its self-signatures. */
const mostPackets = 64

/** Takes octets one behind the other, and refuses to pass the end. */
export class OctetReader {
  readonly #bytes: Buffer
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#what = what
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw this.fault('it ends too early')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  number(octets: 1 | 2 | 4): number {
    return this.take(octets).readUIntBE(0, octets)
  }

  /** A length of one, two or five octets (RFC 9580 §4.2.1), in its shortest form. */
  length(): number {
    const first = this.number(1)
    if (first < 192) return first
    const length = first < 224 ? ((first - 192) << 8) + this.number(1) + 192 : first === 255 ? this.number(4) : -1
    if (length < 0) throw this.fault('it has a partial length')
    if (first === 255 && length < 8384) throw this.fault('a length is not in its shortest form')
    return length
  }

  /** A multiprecision integer without leading zeros (RFC 9580 §3.2). */
  integer(): Buffer {
    const bits = this.number(2)
    const octets = this.take(Math.ceil(bits / 8))
    const [first = 0] = octets
    if (bits === 0 || 8 * octets.length - Math.clz32(first) + 24 !== bits)
      throw this.fault('a number has another length than it says')
    return octets
  }

  end(): void {
    if (!this.isAtEnd) throw this.fault('there is more in it than belongs there')
  }

  fault(problem: string): SigningError {
    return new SigningError('DETACHED_MALFORMED', `${this.#what} cannot be read: ${problem} (at byte ${this.#at}).`)
  }
}

/**
 * Reads the packets of a binary OpenPGP message, all with headers of the OpenPGP format and definite lengths (RFC 9580 §4.2.1).
 *
 * @throws SigningError `DETACHED_MALFORMED`
 */
export function readPackets(bytes: Uint8Array, what: string): readonly ReadPacket[] {
  const reader = new OctetReader(bytes, what)
  const packets: ReadPacket[] = []
  while (!reader.isAtEnd) {
    const first = reader.number(1)
    if ((first & 0xc0) !== 0xc0) throw reader.fault('a packet begins otherwise')
    if (packets.length === mostPackets) throw reader.fault(`it has more than ${mostPackets} packets`)
    packets.push({ tag: first & 0x3f, body: reader.take(reader.length()) })
  }
  return packets
}

/**
 * Reads the body of a signature packet of version 4 (RFC 9580 §5.2.3), whose subpackets are all hashed.
 *
 * @throws SigningError `DETACHED_MALFORMED`, `DETACHED_ALGORITHM_UNSUPPORTED`, `DETACHED_UNSIGNED_CONTENT`
 */
export function readSignature(body: Buffer): ReadSignature {
  const reader = new OctetReader(body, 'The OpenPGP signature')
  if (reader.number(1) !== 4) throw reader.fault('it is not of version 4')
  const type = reader.number(1)
  const algorithm = reader.number(1)
  const keyType = algorithm === 1 ? 'rsa' : algorithm === 19 ? 'ecdsa' : undefined
  const hash = hashes.get(reader.number(1))
  if (keyType === undefined || hash === undefined)
    throw new SigningError(
      'DETACHED_ALGORITHM_UNSUPPORTED',
      'An OpenPGP signature must be RSA or ECDSA, with SHA-256, SHA-384 or SHA-512.',
    )
  const hashedLength = reader.number(2)
  const subpackets = readSubpackets(reader.take(hashedLength))
  const trailer = Buffer.concat([body.subarray(0, 6 + hashedLength), Buffer.from([4, 0xff, 0, 0, 0, 0])])
  trailer.writeUInt32BE(6 + hashedLength, trailer.length - 4)
  if (reader.number(2) !== 0)
    throw new SigningError(
      'DETACHED_UNSIGNED_CONTENT',
      'The OpenPGP signature has subpackets that it does not cover; here all are covered.',
    )
  const digestStart = reader.take(2)
  const integers = keyType === 'rsa' ? [reader.integer()] : [reader.integer(), reader.integer()]
  reader.end()
  return { type, keyType, hash, subpackets, trailer, digestStart, integers }
}

function readSubpackets(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const reader = new OctetReader(bytes, 'A subpacket of the OpenPGP signature')
  const subpackets = new Map<number, Buffer>()
  while (!reader.isAtEnd) {
    const content = reader.take(reader.length())
    const [type = 0x80] = content
    if (type >= 0x80 || content.length < 2) throw reader.fault('it is critical or has no content')
    if (subpackets.has(type)) throw reader.fault('it occurs twice')
    subpackets.set(type, content.subarray(1))
  }
  return subpackets
}

/**
 * Reads the body of a public key packet of version 4 (RFC 9580 §5.5.2.2).
 *
 * @throws SigningError `DETACHED_MALFORMED`, `DETACHED_ALGORITHM_UNSUPPORTED`
 */
export function readPublicKey(body: Buffer): ReadPublicKey {
  const reader = new OctetReader(body, 'The OpenPGP key')
  if (reader.number(1) !== 4) throw reader.fault('it is not of version 4')
  const createdAt = reader.number(4)
  const algorithm = reader.number(1)
  const text = (octets: Buffer) => octets.toString('base64url')
  if (algorithm === 1) {
    const [n, e] = [reader.integer(), reader.integer()]
    reader.end()
    return { createdAt, publicKey: spki({ kty: 'RSA', n: text(n), e: text(e) }) }
  }
  const curve = algorithm === 19 ? curves.get(reader.take(reader.number(1)).toString('hex')) : undefined
  if (curve === undefined)
    throw new SigningError('DETACHED_ALGORITHM_UNSUPPORTED', 'An OpenPGP key must be RSA or on P-256, P-384 or P-521.')
  const { crv, length } = curve
  const point = reader.integer()
  reader.end()
  if (point.length !== 1 + 2 * length || point[0] !== 4) throw reader.fault('its point has another form')
  const [x, y] = [point.subarray(1, 1 + length), point.subarray(1 + length)]
  return { createdAt, publicKey: spki({ kty: 'EC', crv, x: text(x), y: text(y) }) }
}

function spki(key: Readonly<Record<string, string>>): Uint8Array {
  try {
    return createPublicKey({ key, format: 'jwk' }).export({ format: 'der', type: 'spki' })
  } catch (cause) {
    throw new SigningError('DETACHED_MALFORMED', 'The OpenPGP key cannot be read: it is no key of its algorithm.', {
      cause,
    })
  }
}
