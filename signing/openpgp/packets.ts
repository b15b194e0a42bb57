import type { HashAlgorithm, KeyAlgorithm } from '../../domain/index.ts'
import { DerReader } from '../cms/index.ts'

/** Numbers of hash algorithms (RFC 9580 §9.5). */
export const hashNumbers = { sha256: 8, sha384: 9, sha512: 10 } as const satisfies Record<HashAlgorithm, number>

/** Numbers of public-key algorithms (RFC 9580 §9.1). */
export const keyNumbers = { rsa: 1, ecdsa: 19 } as const

/** Numbers of packets (RFC 9580 §5). */
export const packetTags = { signature: 2, publicKey: 6, userId: 13 } as const

/** Types of signatures (RFC 9580 §5.2.1): of a file's bytes, and of a user id by its own key. */
export const signatureTypes = { binary: 0x00, positiveCertification: 0x13 } as const

/** Types of subpackets (RFC 9580 §5.2.3.7). */
export const subpacketTypes = {
  creationTime: 2,
  keyExpiration: 9,
  issuerKeyId: 16,
  preferredHashes: 21,
  primaryUserId: 25,
  keyFlags: 27,
  issuerFingerprint: 33,
} as const

/** A packet with a header of the OpenPGP format (RFC 9580 §4.2.1). */
export function packet(tag: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | tag]), lengthOctets(body.length), body])
}

/** A subpacket of a signature (RFC 9580 §5.2.3.1). */
export function subpacket(type: number, content: Uint8Array): Buffer {
  return Buffer.concat([lengthOctets(content.length + 1), Buffer.from([type]), content])
}

/** A multiprecision integer (RFC 9580 §3.2): its length in bits and its octets, both without leading zeros. */
export function mpi(octets: Uint8Array): Buffer {
  const first = octets.findIndex((octet) => octet !== 0)
  const digits = first === -1 ? new Uint8Array() : octets.subarray(first)
  const bits = digits.length === 0 ? 0 : 8 * digits.length - Math.clz32(digits[0] ?? 0) + 24
  return Buffer.concat([uint16(bits), digits])
}

/** The integers of a signature: the RSA one, or r and s of a DER ECDSA-Sig-Value. */
export function signatureIntegers(algorithm: KeyAlgorithm, signature: Uint8Array): Buffer {
  if (algorithm.startsWith('rsa-')) return mpi(signature)
  const fields = new DerReader(signature, 'PKCS11_SIGNATURE_FAULTY').enter(0x30, 'the ECDSA signature')
  return Buffer.concat([mpi(fields.integer('r')), mpi(fields.integer('s'))])
}

/** Two octets, the higher first. */
export function uint16(value: number): Buffer {
  const octets = Buffer.alloc(2)
  octets.writeUInt16BE(value)
  return octets
}

/** Four octets, the highest first. */
export function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}

function lengthOctets(length: number): Buffer {
  if (length < 192) return Buffer.from([length])
  if (length < 8384) return Buffer.from([((length - 192) >> 8) + 192, (length - 192) & 0xff])
  return Buffer.concat([Buffer.from([0xff]), uint32(length)])
}
