import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import type { SecretPlace, StoredSecret } from './secret-store.ts'
import { SecretsError } from './secrets-error.ts'

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16
/** Secrets are padded to multiples of so many bytes: the length of a ciphertext would tell that of a password. */
const block = 64

/** A 256-bit key that seals secrets, and the name that the database knows it by. */
export type SealingKey = { readonly id: string; readonly secret: KeyObject }

/** Seals a secret for its place (AEAD_AES_256_GCM, RFC 5116 §5.1). @returns nonce, ciphertext and tag, base64 */
export function seal(secret: Uint8Array, place: SecretPlace, key: SealingKey): string {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv(algorithm, key.secret, nonce).setAAD(additionalData(place, key.id))
  const sealed = [nonce, cipher.update(padded(secret)), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed).toString('base64')
}

/**
 * Opens a secret that was sealed for its place.
 *
 * @throws SecretsError `SECRET_UNOPENABLE`
 */
export function unseal({ sealed, keyId }: StoredSecret, place: SecretPlace, keys: readonly SealingKey[]): Buffer {
  const { purpose, id } = place
  const key = keys.find((each) => each.id === keyId)
  if (key === undefined)
    throw new SecretsError(
      'SECRET_UNOPENABLE',
      `The secret ${purpose} ${id} was sealed by the key ${keyId}, which is not configured.`,
    )
  const bytes = Buffer.from(sealed, 'base64')
  const end = bytes.length - tagLength
  try {
    const decipher = createDecipheriv(algorithm, key.secret, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    })
    decipher.setAAD(additionalData(place, keyId)).setAuthTag(bytes.subarray(end))
    return unpadded(Buffer.concat([decipher.update(bytes.subarray(nonceLength, end)), decipher.final()]))
  } catch (cause) {
    const message = `The secret ${purpose} ${id} is damaged, or is that of another place.`
    throw new SecretsError('SECRET_UNOPENABLE', message, { cause })
  }
}

function additionalData({ organizationId, purpose, id }: SecretPlace, keyId: string): Buffer {
  return Buffer.from(JSON.stringify(['countersign secret 1', keyId, organizationId, purpose, id]))
}

/** A byte 0x80, then zeros (ISO/IEC 9797-1, padding method 2). */
function padded(bytes: Uint8Array): Buffer {
  const whole = Buffer.alloc(Math.ceil((bytes.length + 1) / block) * block)
  whole.set(bytes)
  whole.writeUInt8(0x80, bytes.length)
  return whole
}

function unpadded(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.lastIndexOf(0x80))
}
