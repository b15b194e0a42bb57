import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { PersonId } from '../domain/index.ts'
import { PersonKeysError } from './person-keys-error.ts'

const algorithm = 'aes-256-gcm'
const keyLength = 32
const nonceLength = 12
const tagLength = 16

/** A 256-bit key that wraps users' keys, and the name that the database knows it by. */
export type MasterKey = { readonly id: string; readonly secret: KeyObject }

/** A new key of a user. */
export function newPersonKey(): KeyObject {
  return createSecretKey(randomBytes(keyLength))
}

/** What a key is for: a user's texts, or the hashes of all addresses. A key opens for its own use alone. */
export type KeyUse = PersonId | 'addresses'

/** Wraps a key (AEAD_AES_256_GCM, RFC 5116 §5.1) for its use. @returns nonce, ciphertext and tag, base64 */
export function wrapKey(key: KeyObject, use: KeyUse, master: MasterKey): string {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv(algorithm, master.secret, nonce).setAAD(additionalData(use, master))
  return Buffer.concat([nonce, cipher.update(key.export()), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

/**
 * Unwraps a key.
 *
 * @throws PersonKeysError `PERSON_KEY_UNOPENABLE` when it was wrapped by another master key, or for another use
 */
export function unwrapKey(
  wrapped: { readonly masterKeyId: string; readonly wrappedKey: string },
  use: KeyUse,
  masters: readonly MasterKey[],
): KeyObject {
  const master = masters.find(({ id }) => id === wrapped.masterKeyId)
  if (master === undefined)
    throw new PersonKeysError(
      'PERSON_KEY_UNOPENABLE',
      `The ${described(use)} was wrapped by the master key ${wrapped.masterKeyId}, which is not configured.`,
    )
  const bytes = Buffer.from(wrapped.wrappedKey, 'base64')
  const end = bytes.length - tagLength
  try {
    const decipher = createDecipheriv(algorithm, master.secret, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    })
    decipher.setAAD(additionalData(use, master)).setAuthTag(bytes.subarray(end))
    return createSecretKey(Buffer.concat([decipher.update(bytes.subarray(nonceLength, end)), decipher.final()]))
  } catch (cause) {
    throw new PersonKeysError('PERSON_KEY_UNOPENABLE', `The ${described(use)} is damaged, or is that of another use.`, {
      cause,
    })
  }
}

function additionalData(use: KeyUse, { id }: MasterKey): Buffer {
  const place = use === 'addresses' ? ['addresses'] : [use.organizationId, use.userId]
  return Buffer.from(JSON.stringify(['countersign person key 1', id, ...place]))
}

function described(use: KeyUse): string {
  return use === 'addresses' ? 'key by which addresses are hashed' : `key of the user ${use.userId}`
}
