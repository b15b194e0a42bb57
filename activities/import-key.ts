import { type Key, type KeyId, keyDecider, Refusal, requireLasting, type StoredKey } from '../domain/index.ts'
import { type LogPosition, prepareEvents } from '../event-log/index.ts'
import type { SealedKey } from './contract.ts'
import { keyMetadata, readKeyHistory, transportKeyId } from './key-history.ts'
import type { SignerDependencies } from './sign.ts'

/**
 * Brings the private key in that a key's stream announced, and destroys its transport key: what was encrypted for that can be
 * opened by nobody any more. What an earlier process did of it before it ended is found and not done again.
 *
 * @param sealed the private key, encrypted for the transport key; it is opened in the key store alone
 * @throws Refusal `KEY_NOT_FOUND`, `KEY_DISABLED`, `KEY_STATE` for a key that is not to be imported, `KEY_NOT_READY` before its
 *   transport key is there
 * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, `PKCS11_…`
 */
export async function importKey(
  { log, keyStores, now }: Pick<SignerDependencies, 'log' | 'keyStores' | 'now'>,
  keyId: KeyId,
  sealed: SealedKey,
): Promise<{ readonly position: LogPosition }> {
  const { streamId, state, revision, last } = await readKeyHistory(log, keyId)
  requireLasting(state)
  if (state.status === 'disabled')
    throw new Refusal('KEY_DISABLED', `The key ${state.name} was disabled before it was brought in.`)
  if (state.origin !== 'imported')
    throw new Refusal('KEY_STATE', `The key ${state.name} was made in its key store.`, { origin: state.origin })
  if (state.status === 'active') return { position: last.position }
  if (state.transportKey === null)
    throw new Refusal('KEY_NOT_READY', `The key store ${state.keyStore} has no transport key for ${state.name} yet.`)
  const key = await bringIn(keyStores, state, sealed)
  const decided = keyDecider.decide({ type: 'RecordImported', key }, state)
  const prepared = prepareEvents(streamId, revision, decided, keyMetadata(state, last, now()))
  const { position } = await log.append(streamId, prepared, revision)
  return { position }
}

async function bringIn(
  keyStores: SignerDependencies['keyStores'],
  key: Key,
  { wrappedSecret, wrappedKey }: SealedKey,
): Promise<StoredKey> {
  const token = await keyStores.open(key.keyStore)
  const transportId = transportKeyId(key)
  const { publicKey } = await token.importKey({
    id: Buffer.from(key.ckaId, 'hex'),
    label: key.label,
    publicKey: Buffer.from(key.publicKey ?? '', 'base64'),
    transportId,
    wrappedSecret: Buffer.from(wrappedSecret, 'base64'),
    wrappedKey: Buffer.from(wrappedKey, 'base64'),
  })
  // Before it is recorded: a transport key that is left behind after that would be looked for by nobody.
  await token.destroyKey(transportId)
  return { publicKey: Buffer.from(publicKey).toString('base64'), token: token.identity }
}
