import {
  type EventMetadata,
  eventMetadata,
  fold,
  type Instant,
  type Key,
  type KeyId,
  keyDecider,
  Refusal,
  streams,
} from '../domain/index.ts'
import { type EventLog, type RecordedEvent, readWholeStream } from '../event-log/index.ts'

/** A key as its whole stream has it, with that. */
export type KeyHistory = Awaited<ReturnType<typeof readKeyHistory>>

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

/** The CKA_ID of a key's transport key: its own with one more octet, so that it leads back to the key and is no other's. */
export function transportKeyId({ ckaId }: Pick<Key, 'ckaId'>): Buffer {
  return Buffer.from(`${ckaId}54`, 'hex')
}
