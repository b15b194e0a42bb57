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

/** Wraps a user's key (AEAD_AES_256_GCM, RFC 5116 §5.1), for that user. @returns nonce, ciphertext and tag, base64 */
export function wrapKey(key: KeyObject, person: PersonId, master: MasterKey): string {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv(algorithm, master.secret, nonce).setAAD(additionalData(person, master))
  return Buffer.concat([nonce, cipher.update(key.export()), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

/**
 * Unwraps a user's key.
 *
 * @throws PersonKeysError `PERSON_KEY_UNOPENABLE` when it was wrapped by another master key, or for another user
 */
export function unwrapKey(
  wrapped: { readonly masterKeyId: string; readonly wrappedKey: string },
  person: PersonId,
  masters: readonly MasterKey[],
): KeyObject {
  const master = masters.find(({ id }) => id === wrapped.masterKeyId)
  if (master === undefined)
    throw new PersonKeysError(
      'PERSON_KEY_UNOPENABLE',
      `The key of the user ${person.userId} was wrapped by the master key ${wrapped.masterKeyId}, which is not configured.`,
    )
  const bytes = Buffer.from(wrapped.wrappedKey, 'base64')
  const end = bytes.length - tagLength
  try {
    const decipher = createDecipheriv(algorithm, master.secret, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    })
    decipher.setAAD(additionalData(person, master)).setAuthTag(bytes.subarray(end))
    return createSecretKey(Buffer.concat([decipher.update(bytes.subarray(nonceLength, end)), decipher.final()]))
  } catch (cause) {
    throw new PersonKeysError(
      'PERSON_KEY_UNOPENABLE',
      `The key of the user ${person.userId} is damaged, or is that of another user.`,
      { cause },
    )
  }
}

function additionalData({ organizationId, userId }: PersonId, { id }: MasterKey): Buffer {
  return Buffer.from(JSON.stringify(['countersign person key 1', id, organizationId, userId]))
}
