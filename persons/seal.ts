import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { isSealedText, type PersonAttribute, type PersonId, type SealedText } from '../domain/index.ts'

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16
/** Texts are padded to multiples of so many bytes: the ciphertext is kept for good, and its length would tell the text's. */
const block = 64

/** Where a text belongs. Sealed for one place it cannot be opened in another. */
export type SealedPlace = PersonId & { readonly attribute: PersonAttribute }

/** Seals a text about a person with that person's key. */
export function seal(text: string, place: SealedPlace, key: KeyObject): SealedText {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(additionalData(place))
  const ciphertext = Buffer.concat([cipher.update(padded(text)), cipher.final(), cipher.getAuthTag()])
  return { algorithm: 'A256GCM', nonce: nonce.toString('base64'), ciphertext: ciphertext.toString('base64') }
}

/**
 * Opens a sealed text. What it is given may come from anywhere: the log is not trusted to hold what was sealed.
 *
 * @returns `undefined` when it was not sealed with this key for this place
 */
export function unseal(sealed: SealedText, place: SealedPlace, key: KeyObject): string | undefined {
  if (!isSealedText(sealed)) return undefined
  try {
    const bytes = Buffer.from(sealed.ciphertext, 'base64')
    const end = bytes.length - tagLength
    const decipher = createDecipheriv(algorithm, key, Buffer.from(sealed.nonce, 'base64'), { authTagLength: tagLength })
    decipher.setAAD(additionalData(place)).setAuthTag(bytes.subarray(end))
    return unpadded(Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]))
  } catch {
    return undefined
  }
}

function additionalData({ organizationId, userId, attribute }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(['countersign person 1', organizationId, userId, attribute]))
}

/** A byte 0x80, then zeros (ISO/IEC 9797-1, padding method 2). */
function padded(text: string): Buffer {
  const bytes = Buffer.from(text)
  const whole = Buffer.alloc(Math.ceil((bytes.length + 1) / block) * block)
  bytes.copy(whole)
  whole.writeUInt8(0x80, bytes.length)
  return whole
}

function unpadded(bytes: Buffer): string {
  return bytes.subarray(0, bytes.lastIndexOf(0x80)).toString()
}
