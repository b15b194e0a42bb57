import type { HashAlgorithm, KeyAlgorithm } from '../../domain/index.ts'
import type { SigningKey } from '../signing-key.ts'
import { packet, packetTags, signatureTypes, subpacket, subpacketTypes, uint32 } from './packets.ts'
import { fingerprintOf, hashedKey, publicKeyBody } from './public-key.ts'
import { digestWithTrailer, hashedPart, signaturePacket } from './write-signature.ts'

/** What an OpenPGP certificate is to say. */
export interface OpenPgpCertificateRequest {
  readonly key: SigningKey
  readonly userId: string
  /** The key's creation time: fingerprint and all signatures depend on it. Less than seconds is cut off. */
  readonly createdAt: Date
  /** When the key ends; `null`: never. */
  readonly expiresAt: Date | null
  /** When the self-signature is made. */
  readonly madeAt: Date
  /** The certificate as it was before: its self-signatures are kept, so that files that were signed under them stay valid. */
  readonly before?: Uint8Array | undefined
}

/** The hash that a key signs itself by: of the length of its curve. */
const hashOfKeys: Readonly<Partial<Record<KeyAlgorithm, HashAlgorithm>>> = { 'ec-p384': 'sha384', 'ec-p521': 'sha512' }

/** That the key certifies itself and signs (RFC 9580 §5.2.3.29). */
const certifiesAndSigns = 0x03

/**
 * Makes an OpenPGP certificate of version 4 (RFC 9580 §10.1): public key, user id and the signature by which the key binds both to each
 * other and says when it ends; or adds such a signature to the certificate that there is.
 *
 * @returns its binary form
 * @throws SigningError `CMS_KEY_UNSUPPORTED`; whatever the key throws
 */
export async function makeOpenPgpCertificate(request: OpenPgpCertificateRequest): Promise<Uint8Array> {
  const { key, expiresAt } = request
  const createdAt = seconds(request.createdAt)
  const body = publicKeyBody(key.publicKey, createdAt)
  const userId = Buffer.from(request.userId, 'utf8')
  const before =
    request.before ?? Buffer.concat([packet(packetTags.publicKey, body), packet(packetTags.userId, userId)])
  const hash = hashOfKeys[key.algorithm] ?? 'sha256'
  const flags = subpacket(subpacketTypes.keyFlags, Buffer.from([certifiesAndSigns]))
  const hashes = subpacket(subpacketTypes.preferredHashes, Buffer.from([10, 9, 8]))
  const primary = subpacket(subpacketTypes.primaryUserId, Buffer.from([1]))
  const expiry =
    expiresAt === null ? [] : [subpacket(subpacketTypes.keyExpiration, uint32(seconds(expiresAt) - createdAt))]
  const statement = {
    type: signatureTypes.positiveCertification,
    hash,
    createdAt: Math.max(seconds(request.madeAt), createdAt),
    fingerprint: fingerprintOf(body),
    subpackets: [flags, hashes, primary, ...expiry],
  }
  const hashed = hashedPart(statement, key)
  const signed = Buffer.concat([hashedKey(body), Buffer.from([0xb4]), uint32(userId.length), userId])
  const digest = digestWithTrailer(hash, signed, hashed)
  return Buffer.concat([before, await signaturePacket(key, hashed, { hash, digest })])
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000)
}
