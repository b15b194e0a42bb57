import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { Payload, PayloadCodec } from '@temporalio/common'
import { ConfigurationError } from './configuration-error.ts'

/** A 256-bit key and the name that payloads know it by. */
export type PayloadKey = { readonly id: string; readonly secret: KeyObject }

const encoding = Buffer.from('binary/encrypted')
const nonceLength = 12
const tagLength = 16

/**
 * Reads payload keys: one a line, 32 bytes in base64. The first encrypts, all of them decrypt, so a key is changed by
 * putting a new one on top.
 *
 * @throws ConfigurationError `PAYLOAD_KEY_MALFORMED`
 */
export function parsePayloadKeys(text: string): readonly [PayloadKey, ...PayloadKey[]] {
  const [first, ...others] = text
    .split(/\s+/)
    .filter((line) => line !== '')
    .map(parsePayloadKey)
  if (first === undefined)
    throw new ConfigurationError(
      'PAYLOAD_KEY_MALFORMED',
      'The payload key file is empty; it needs a key of 32 bytes in base64.',
    )
  return [first, ...others]
}

/** Makes a new key, as {@link parsePayloadKeys} reads it. */
export function newPayloadKey(): string {
  return `${randomBytes(32).toString('base64')}\n`
}

/**
 * Seals what Temporal keeps and carries (AES-256-GCM, NIST SP 800-38D): payloads and, by the failure converter, error
 * texts. What was not sealed with one of the keys is refused: a command that somebody sent to Temporal past the service,
 * such as an approval in another's name, never reaches a workflow.
 */
export function payloadCodec(keys: readonly [PayloadKey, ...PayloadKey[]]): PayloadCodec {
  const [current] = keys
  return {
    async encode(payloads) {
      return payloads.map((payload) => encrypt(payload, current))
    },
    async decode(payloads) {
      return payloads.map((payload) => decrypt(payload, keys))
    },
  }
}

function parsePayloadKey(text: string): PayloadKey {
  const secret = Buffer.from(text, 'base64')
  // Node reads base64 leniently: what does not give the same text again was mistyped, or is two keys run together.
  if (secret.length !== 32 || secret.toString('base64') !== text)
    throw new ConfigurationError('PAYLOAD_KEY_MALFORMED', 'A payload key must be 32 bytes in base64 (44 characters).')
  return { id: createHash('sha256').update(secret).digest('hex').slice(0, 16), secret: createSecretKey(secret) }
}

function encrypt(payload: Payload, key: PayloadKey): Payload {
  const metadata = Object.entries(payload.metadata ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value).toString('base64'),
  ])
  const head = Buffer.from(JSON.stringify(Object.fromEntries(metadata)))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.length)
  // An empty payload comes from the workflow sandbox as an array.
  const data = Buffer.from(payload.data ?? [])
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce)
  const sealed = Buffer.concat([
    nonce,
    cipher.update(Buffer.concat([length, head, data])),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return { metadata: { encoding, 'encryption-key-id': Buffer.from(key.id) }, data: sealed }
}

function decrypt(payload: Payload, keys: readonly PayloadKey[]): Payload {
  const { metadata, data } = payload
  // Whoever can reach Temporal could send a command of their own making; only who holds a key can seal one.
  if (metadata?.encoding === undefined || !encoding.equals(metadata.encoding) || !data)
    throw new Error('A payload that was not encrypted by this service is not accepted.')
  const id = Buffer.from(metadata['encryption-key-id'] ?? []).toString()
  const key = keys.find((each) => each.id === id)
  if (key === undefined) throw new Error(`The payload was encrypted with the key ${id}, which is not configured.`)
  const decipher = createDecipheriv('aes-256-gcm', key.secret, data.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
  decipher.setAuthTag(data.subarray(data.length - tagLength))
  const plain = Buffer.concat([decipher.update(data.subarray(nonceLength, data.length - tagLength)), decipher.final()])
  const head = plain.readUInt32BE(0)
  const named: Record<string, string> = JSON.parse(plain.subarray(4, 4 + head).toString())
  return {
    metadata: Object.fromEntries(Object.entries(named).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: plain.subarray(4 + head),
  }
}
