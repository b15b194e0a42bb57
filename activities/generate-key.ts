import {
  type EventMetadata,
  eventMetadata,
  fold,
  type Instant,
  type Key,
  type KeyCommand,
  type KeyId,
  keyDecider,
  Refusal,
  type StoredKey,
  streams,
} from '../domain/index.ts'
import {
  type EventLog,
  type LogPosition,
  prepareEvents,
  type RecordedEvent,
  readWholeStream,
} from '../event-log/index.ts'
import type { SignerDependencies } from './sign.ts'

/**
 * Makes the key that a key's stream asks for, or the transport key of one that is to be brought in, unless it is there: it may
 * have been made before, and the process ended before it said so.
 *
 * @throws Refusal `KEY_NOT_FOUND`, `KEY_DISABLED`
 * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, `PKCS11_…`
 */
export async function generateKey(
  { log, keyStores, now }: Pick<SignerDependencies, 'log' | 'keyStores' | 'now'>,
  keyId: KeyId,
): Promise<{ readonly position: LogPosition }> {
  const { streamId, state, revision, last } = await readKeyHistory(log, keyId)
  if (state.status === 'disabled')
    throw new Refusal('KEY_DISABLED', `The key ${state.name} was disabled before it was made.`)
  if (state.status === 'active' || state.transportKey !== null) return { position: last.position }
  const command: KeyCommand =
    state.origin === 'generated'
      ? { type: 'RecordGenerated', key: await makeKey(keyStores, state) }
      : { type: 'RecordImportPrepared', transportKey: await makeTransportKey(keyStores, state) }
  const prepared = prepareEvents(streamId, revision, keyDecider.decide(command, state), keyMetadata(state, last, now()))
  const { position } = await log.append(streamId, prepared, revision)
  return { position }
}

/**
 * A key as its whole stream has it.
 *
 * @throws Refusal `KEY_NOT_FOUND`
 */
export async function readKeyHistory(log: Pick<EventLog, 'readStream'>, keyId: KeyId) {
  const streamId = streams.key(keyId)
  const { events, revision } = await readWholeStream(log, streamId)
  const state = fold(keyDecider, events)
  const last = events.at(-1)
  if (state.status === 'none' || last === undefined) throw new Refusal('KEY_NOT_FOUND', `There is no key ${keyId}.`)
  return { streamId, events, state, revision, last }
}

/** The metadata of what the signer does to a key because of the last event of its stream. */
export function keyMetadata({ keyId, organizationId }: Key, last: RecordedEvent, occurredAt: Instant): EventMetadata {
  const initiator = { actor: { kind: 'system', component: 'signer' }, callId: last.id } as const
  return eventMetadata(initiator, { organizationId, correlationId: keyId, occurredAt })
}

async function makeKey(
  keyStores: SignerDependencies['keyStores'],
  { keyStore, ckaId, label, algorithm }: Key,
): Promise<StoredKey> {
  const token = await keyStores.open(keyStore)
  const id = Buffer.from(ckaId, 'hex')
  const key = (await token.findKey(id)) ?? (await token.generateKey({ id, label, algorithm }))
  return { publicKey: Buffer.from(key.publicKey).toString('base64'), token: token.identity }
}

/** It is RSA whatever key it is for: tokens open what is encrypted by RSA. */
async function makeTransportKey(keyStores: SignerDependencies['keyStores'], key: Key): Promise<string> {
  const token = await keyStores.open(key.keyStore)
  const id = transportKeyId(key)
  const label = `${key.label}-transport`
  const made =
    (await token.findKey(id)) ?? (await token.generateKey({ id, label, algorithm: 'rsa-3072', use: 'unwrap' }))
  return Buffer.from(made.publicKey).toString('base64')
}

/** The CKA_ID of a key's transport key: its own with one more octet, so that it leads back to the key and is no other's. */
export function transportKeyId({ ckaId }: Pick<Key, 'ckaId'>): Buffer {
  return Buffer.from(`${ckaId}54`, 'hex')
}
