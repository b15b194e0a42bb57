import {
  type Key,
  type KeyCommand,
  type KeyId,
  keyDecider,
  Refusal,
  requireLasting,
  type StoredKey,
} from '../domain/index.ts'
import { type LogPosition, prepareEvents } from '../event-log/index.ts'
import { destroyKey, removeKey } from './destroy-key.ts'
import { keyMetadata, readKeyHistory, transportKeyId } from './key-history.ts'
import type { SignerDependencies } from './sign.ts'

/**
 * Does what a key's stream asks for: makes the key, or the transport key of one that is to be brought in, unless it is there: it may
 * have been made before, and the process ended before it said so. Destroys the key when that was confirmed.
 *
 * @throws Refusal `KEY_NOT_FOUND`, `KEY_DISABLED`, `KEY_UNDER_DELETION`, `KEY_DELETION_NOT_CONFIRMED`
 * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, `PKCS11_…`
 */
export async function generateKey(
  { log, keyStores, now }: Pick<SignerDependencies, 'log' | 'keyStores' | 'now'>,
  keyId: KeyId,
): Promise<{ readonly position: LogPosition }> {
  const history = await readKeyHistory(log, keyId)
  const { streamId, state, revision, last } = history
  if (state.status === 'destroyed') {
    // It may have been made just then, by a process that had read of it before.
    await removeKey(keyStores, state)
    return { position: last.position }
  }
  if (state.deletion?.confirmedBy) return destroyKey({ log, keyStores, now }, history)
  requireLasting(state)
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
