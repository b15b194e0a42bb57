import {
  eventMetadata,
  fold,
  type Key,
  type KeyId,
  keyDecider,
  Refusal,
  type StoredKey,
  streams,
} from '../domain/index.ts'
import { type LogPosition, prepareEvents, readWholeStream } from '../event-log/index.ts'
import type { SignerDependencies } from './sign.ts'

/**
 * Makes the key that a key's stream asks for, unless it is there: it may have been made before, and the process ended
 * before it said so.
 *
 * @throws Refusal `KEY_NOT_FOUND`, `KEY_DISABLED`, `KEY_STATE` for a key that is to be imported
 * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, `PKCS11_…`
 */
export async function generateKey(
  { log, keyStores, now }: Pick<SignerDependencies, 'log' | 'keyStores' | 'now'>,
  keyId: KeyId,
): Promise<{ readonly position: LogPosition }> {
  const streamId = streams.key(keyId)
  const { events, revision } = await readWholeStream(log, streamId)
  const state = fold(keyDecider, events)
  const last = events.at(-1)
  if (state.status === 'none' || last === undefined) throw new Refusal('KEY_NOT_FOUND', `There is no key ${keyId}.`)
  if (state.status === 'disabled')
    throw new Refusal('KEY_DISABLED', `The key ${state.name} was disabled before it was made.`)
  if (state.status === 'active') return { position: last.position }
  if (state.origin !== 'generated')
    throw new Refusal('KEY_STATE', `The key ${state.name} is to be imported, not made.`, { origin: state.origin })
  const decided = keyDecider.decide({ type: 'RecordGenerated', key: await makeKey(keyStores, state) }, state)
  const initiator = { actor: { kind: 'system', component: 'signer' }, callId: last.id } as const
  const { organizationId } = state
  const metadata = eventMetadata(initiator, { organizationId, correlationId: keyId, occurredAt: now() })
  const { position } = await log.append(streamId, prepareEvents(streamId, revision, decided, metadata), revision)
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
