import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common'
import type { Unopened, UnopenedCode } from '../workflows/unopened.ts'
import { newSecretKey, parseSecretKeys, type SecretKey } from './secret-keys.ts'

const encoding = Buffer.from('binary/encrypted')
const nonceLength = 12
const tagLength = 16

/**
 * Reads payload keys, as {@link parseSecretKeys} does.
 *
 * @throws ConfigurationError `PAYLOAD_KEY_MALFORMED`
 */
export function parsePayloadKeys(text: string): readonly [SecretKey, ...SecretKey[]] {
  return parseSecretKeys(text, 'payload key', 'PAYLOAD_KEY_MALFORMED')
}

/** Makes a new key, as {@link parsePayloadKeys} reads it. */
export const newPayloadKey = newSecretKey

/** Called for every payload that was not opened, with the place that it was sealed for. */
export type OnUnopened = (code: UnopenedCode, place: SerializationContext | undefined) => void

/**
 * Seals what Temporal keeps and carries (AES-256-GCM, NIST SP 800-38D): payloads and, by the failure converter, errors.
 * Each is sealed for its place: the workflow, or the activity of a workflow, that it belongs to. What was not sealed for
 * its place with one of the keys is not opened: a command that somebody sent to Temporal past the service, such as an
 * approval in another's name, or a result that was copied from elsewhere. An {@link Unopened} takes its place.
 */
export function payloadCodec(
  keys: readonly [SecretKey, ...SecretKey[]],
  onUnopened: OnUnopened = () => undefined,
): PayloadCodec {
  const [current] = keys
  return {
    async encode(payloads, place) {
      return payloads.map((payload) => seal(payload, current, place))
    },
    async decode(payloads, place) {
      return payloads.map((payload) => {
        const opened = open(payload, keys, place)
        if (typeof opened !== 'string') return opened
        onUnopened(opened, place)
        return unopened(opened)
      })
    },
  }
}

function unopened(code: UnopenedCode): Payload {
  const value: Unopened = { unopened: code }
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) }
}

function seal(payload: Payload, key: SecretKey, place: SerializationContext | undefined): Payload {
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
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(additionalData(place))
  const sealed = Buffer.concat([
    nonce,
    cipher.update(Buffer.concat([length, head, data])),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return { metadata: { encoding, 'encryption-key-id': Buffer.from(key.id) }, data: sealed }
}

/** The payload as it was before it was sealed, or why it cannot be had. */
function open(
  payload: Payload,
  keys: readonly SecretKey[],
  place: SerializationContext | undefined,
): Payload | UnopenedCode {
  const { metadata, data } = payload
  // Whoever can reach Temporal could send a command of their own making; only who holds a key can seal one.
  if (metadata?.encoding === undefined || !encoding.equals(metadata.encoding) || !data) return 'PAYLOAD_NOT_SEALED'
  const id = Buffer.from(metadata['encryption-key-id'] ?? []).toString()
  const key = keys.find((each) => each.id === id)
  if (key === undefined) return 'PAYLOAD_KEY_UNKNOWN'
  if (data.length < nonceLength + tagLength) return 'PAYLOAD_MISPLACED'
  const decipher = createDecipheriv('aes-256-gcm', key.secret, data.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(additionalData(place))
  decipher.setAuthTag(data.subarray(data.length - tagLength))
  let plain: Buffer
  try {
    plain = Buffer.concat([decipher.update(data.subarray(nonceLength, data.length - tagLength)), decipher.final()])
  } catch {
    return 'PAYLOAD_MISPLACED'
  }
  const head = plain.readUInt32BE(0)
  const named: Record<string, string> = JSON.parse(plain.subarray(4, 4 + head).toString())
  return {
    metadata: Object.fromEntries(Object.entries(named).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: plain.subarray(4 + head),
  }
}

/** What a payload is bound to. Activities' ids are made by the workflows and name run, type and call. */
function additionalData(place: SerializationContext | undefined): Buffer {
  if (place === undefined) return Buffer.from('null')
  const { type, namespace, workflowId = null } = place
  const activity = place.type === 'activity' ? [place.activityId ?? null, place.isLocal] : []
  return Buffer.from(JSON.stringify([type, namespace, workflowId, ...activity]))
}
