import { createHash } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import type { SigningKey } from '../signing-key.ts'
import {
  hashNumbers,
  keyNumbers,
  packet,
  packetTags,
  signatureIntegers,
  subpacket,
  subpacketTypes,
  uint16,
  uint32,
} from './packets.ts'

/** What a signature says of itself. */
export interface SignatureStatement {
  readonly type: number
  readonly hash: HashAlgorithm
  /** In whole seconds since 1970. */
  readonly createdAt: number
  /** The fingerprint of the key that signs. */
  readonly fingerprint: Uint8Array
  /** Subpackets beside those that every signature has, encoded. */
  readonly subpackets?: readonly Uint8Array[]
}

/**
 * The part of a signature packet of version 4 that is hashed behind what is signed (RFC 9580 §5.2.3 and §5.2.4). All subpackets are in
 * it, so that nothing of the signature is left that nothing covers.
 */
export function hashedPart(
  { type, hash, createdAt, fingerprint, subpackets = [] }: SignatureStatement,
  key: Pick<SigningKey, 'algorithm'>,
): Buffer {
  const all = Buffer.concat([
    subpacket(subpacketTypes.issuerFingerprint, Buffer.concat([Buffer.from([4]), fingerprint])),
    subpacket(subpacketTypes.creationTime, uint32(createdAt)),
    subpacket(subpacketTypes.issuerKeyId, fingerprint.subarray(-8)),
    ...subpackets,
  ])
  const algorithm = key.algorithm.startsWith('rsa-') ? keyNumbers.rsa : keyNumbers.ecdsa
  return Buffer.concat([Buffer.from([4, type, algorithm, hashNumbers[hash]]), uint16(all.length), all])
}

/** What is hashed last: the hashed part, and its length (RFC 9580 §5.2.4). */
export function trailerOf(hashed: Uint8Array): Buffer {
  return Buffer.concat([hashed, Buffer.from([4, 0xff]), uint32(hashed.length)])
}

/**
 * Signs a digest that ends with the {@link trailerOf} the hashed part.
 *
 * @returns the signature packet
 * @throws whatever the key throws
 */
export async function signaturePacket(
  key: SigningKey,
  hashed: Uint8Array,
  { hash, digest }: { readonly hash: HashAlgorithm; readonly digest: Uint8Array },
): Promise<Buffer> {
  const integers = signatureIntegers(key.algorithm, await key.sign(hash, digest))
  return packet(packetTags.signature, Buffer.concat([hashed, uint16(0), digest.subarray(0, 2), integers]))
}

/** The digest of what is signed and the trailer of its signature. */
export function digestWithTrailer(hash: HashAlgorithm, signed: Uint8Array, hashed: Uint8Array): Buffer {
  return createHash(hash).update(signed).update(trailerOf(hashed)).digest()
}
