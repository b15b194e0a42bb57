import { constants, createHash, type KeyObject, publicDecrypt, timingSafeEqual } from 'node:crypto'
import { oidOfHash, type SignableHash } from '../../domain/index.ts'
import { element, objectIdentifier, sequence } from '../cms/der-writer.ts'

/** Whether an RSASSA-PKCS1-v1_5 signature of a hash holds (RFC 8017 §8.2.2): the whole encoded message is compared. */
export function pkcs1Holds(key: KeyObject, hash: SignableHash, digest: Uint8Array, signature: Uint8Array): boolean {
  const encoded = recovered(key, signature)
  if (encoded === undefined) return false
  const algorithm = sequence(objectIdentifier(oidOfHash(hash)), element(0x05))
  const information = sequence(algorithm, element(0x04, digest))
  const padding = encoded.length - information.length - 3
  if (padding < 8) return false
  const expected = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(padding, 0xff), Buffer.from([0]), information])
  return expected.equals(encoded)
}

/**
 * Whether an RSASSA-PSS signature of a hash holds (RFC 8017 §8.1.2 and §9.1.2), with the same hash in MGF1 and a salt as long as
 * the hash.
 */
export function pssHolds(key: KeyObject, hash: SignableHash, digest: Uint8Array, signature: Uint8Array): boolean {
  const encoded = recovered(key, signature)
  if (encoded === undefined) return false
  const length = digest.length
  // The modulus has a whole number of bytes, so the encoded message has one bit less than that.
  const maskedLength = encoded.length - length - 1
  if (maskedLength < length + 1 || encoded.at(-1) !== 0xbc || ((encoded[0] ?? 0) & 0x80) !== 0) return false
  const final = encoded.subarray(maskedLength, maskedLength + length)
  const mask = generatedMask(hash, final, maskedLength)
  const block = Buffer.from(encoded.subarray(0, maskedLength).map((byte, index) => byte ^ (mask[index] ?? 0)))
  block[0] = (block[0] ?? 0) & 0x7f
  const saltAt = maskedLength - length
  const beforeSalt = block.subarray(0, saltAt)
  if (beforeSalt.at(-1) !== 1 || beforeSalt.subarray(0, -1).some((byte) => byte !== 0)) return false
  const salted = createHash(hash).update(Buffer.alloc(8)).update(digest).update(block.subarray(saltAt)).digest()
  return timingSafeEqual(salted, final)
}

/** MGF1 (RFC 8017 §B.2.1). */
function generatedMask(hash: SignableHash, seed: Uint8Array, length: number): Buffer {
  const parts: Buffer[] = []
  for (let counter = 0, made = 0; made < length; counter += 1) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(counter)
    const part = createHash(hash).update(seed).update(number).digest()
    parts.push(part)
    made += part.length
  }
  return Buffer.concat(parts).subarray(0, length)
}

/** What was signed, padding and all: RSAVP1 (RFC 8017 §5.2.2). `undefined` when the signature has not the modulus' length. */
function recovered(key: KeyObject, signature: Uint8Array): Buffer | undefined {
  if (signature.length * 8 !== key.asymmetricKeyDetails?.modulusLength) return undefined
  try {
    return publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature)
  } catch {
    // As large as the modulus, or larger.
    return undefined
  }
}
