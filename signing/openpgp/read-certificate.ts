import { createHash, createPublicKey } from 'node:crypto'
import { digestSignatureHolds } from '../detached/verify-digest.ts'
import { SigningError } from '../signing-error.ts'
import { type ReadSignature, readPackets, readPublicKey, readSignature } from './read-packets.ts'

/** An OpenPGP certificate whose self-signatures hold. */
export interface OpenPgpCertificate {
  /** SHA-1 of the key, hexadecimal: what OpenPGP names keys by. */
  readonly fingerprint: string
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly userId: string
  readonly createdAt: Date
  /** As the latest self-signature says; `null`: never. */
  readonly expiresAt: Date | null
  /** When the latest self-signature was made. */
  readonly certifiedAt: Date
  readonly selfSignatures: number
}

const positiveCertification = 0x13
const [creationTime, keyExpiration, keyFlags] = [2, 9, 27]
const signs = 0x02

/**
 * Reads and verifies an OpenPGP certificate of the form that this service issues: one key of version 4, one user id, and self-signatures
 * of SHA-256 or better, each later than the one before.
 *
 * @param bytes its binary form
 * @throws SigningError `DETACHED_MALFORMED`, `DETACHED_ALGORITHM_UNSUPPORTED`, `DETACHED_SIGNATURE_INVALID`,
 *   `DETACHED_CERTIFICATE_UNSUITABLE`
 */
export async function readOpenPgpCertificate(bytes: Uint8Array): Promise<OpenPgpCertificate> {
  const [key, user, ...signatures] = readPackets(bytes, 'The OpenPGP certificate')
  if (key?.tag !== 6 || user?.tag !== 13 || signatures.length === 0 || signatures.some(({ tag }) => tag !== 2))
    throw new SigningError(
      'DETACHED_MALFORMED',
      'The OpenPGP certificate must have a key, a user id and self-signatures, in this order.',
    )
  const { createdAt, publicKey } = readPublicKey(key.body)
  const hashedKey = Buffer.concat([Buffer.from([0x99, key.body.length >> 8, key.body.length & 0xff]), key.body])
  const fingerprint = createHash('sha1').update(hashedKey).digest()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(user.body.length)
  const signed = Buffer.concat([hashedKey, Buffer.from([0xb4]), length, user.body])
  let latest = { certifiedAt: -1, expiresAt: null as Date | null }
  for (const { body } of signatures) {
    const signature = readSignature(body)
    requireIssuer(signature, fingerprint)
    const digest = createHash(signature.hash).update(signed).update(signature.trailer).digest()
    if (signature.type !== positiveCertification || !(await openPgpSignatureHolds(publicKey, signature, digest)))
      throw new SigningError('DETACHED_SIGNATURE_INVALID', 'A self-signature of the OpenPGP certificate does not hold.')
    const certifiedAt = readTime(signature, creationTime)
    const flags = signature.subpackets.get(keyFlags)?.[0] ?? 0
    if (
      certifiedAt === undefined ||
      certifiedAt < createdAt ||
      certifiedAt <= latest.certifiedAt ||
      (flags & signs) === 0
    )
      throw new SigningError(
        'DETACHED_CERTIFICATE_UNSUITABLE',
        'A self-signature of the OpenPGP certificate does not follow the one before, or does not let the key sign.',
      )
    const lifetime = readTime(signature, keyExpiration)
    latest = { certifiedAt, expiresAt: lifetime === undefined ? null : new Date((createdAt + lifetime) * 1000) }
  }
  return {
    fingerprint: fingerprint.toString('hex'),
    publicKey,
    userId: user.body.toString('utf8'),
    createdAt: new Date(createdAt * 1000),
    expiresAt: latest.expiresAt,
    certifiedAt: new Date(latest.certifiedAt * 1000),
    selfSignatures: signatures.length,
  }
}

/** The value of a subpacket that holds a time; `undefined` when there is none. */
export function readTime({ subpackets }: ReadSignature, type: number): number | undefined {
  const content = subpackets.get(type)
  if (content === undefined) return undefined
  if (content.length !== 4)
    throw new SigningError('DETACHED_MALFORMED', 'A time in the OpenPGP signature has not four octets.')
  return content.readUInt32BE()
}

/**
 * A signature must name the key by its fingerprint and its key id, both of which it covers.
 *
 * @throws SigningError `DETACHED_CERTIFICATE_MISSING`
 */
export function requireIssuer({ subpackets }: ReadSignature, fingerprint: Buffer): void {
  const named = subpackets.get(33)
  const keyId = subpackets.get(16)
  const isNamed = named?.[0] === 4 && named.subarray(1).equals(fingerprint)
  if (isNamed && keyId?.equals(fingerprint.subarray(-8))) return
  throw new SigningError('DETACHED_CERTIFICATE_MISSING', 'The OpenPGP signature is not by the key of the certificate.')
}

/** Whether an OpenPGP signature of a digest holds. Its numbers lost their leading zeros, which their algorithm demands. */
export async function openPgpSignatureHolds(
  publicKey: Uint8Array,
  { keyType, hash, digestStart, integers }: ReadSignature,
  digest: Buffer,
): Promise<boolean> {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  if ((key.asymmetricKeyType === 'rsa') !== (keyType === 'rsa')) return false
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const length = keyType === 'rsa' ? modulusLength / 8 : ({ prime256v1: 32, secp384r1: 48 }[namedCurve] ?? 66)
  if (!digestStart.equals(digest.subarray(0, 2)) || integers.some((octets) => octets.length > length)) return false
  const signature = Buffer.concat(
    integers.map((octets) => Buffer.concat([Buffer.alloc(length - octets.length), octets])),
  )
  return digestSignatureHolds(publicKey, { digest, hash, padding: 'pkcs1', ecdsa: 'ieee', signature })
}
