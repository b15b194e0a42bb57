import type { KeyAlgorithm } from '../algorithms.ts'
import type { Decider } from '../decider.ts'
import type { KeyId, OrganizationId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import { type DeletionCommand, decideDeletion } from './deletion.ts'
import type { KeyDescription, KeyEvent, StoredKey } from './events.ts'
import { parseKeyStoreName } from './key-store-name.ts'
import { evolveKey, type Key, type KeyState, requireLasting } from './state.ts'

/** What a key is asked for with. */
type KeyRequest = {
  readonly keyId: KeyId
  readonly organizationId: OrganizationId
  readonly name: string
  readonly keyStore: string
  readonly algorithm: KeyAlgorithm
}

/** What can be asked of a key. */
export type KeyCommand =
  | ({ readonly type: 'RequestKeyGeneration' } & KeyRequest)
  | ({ readonly type: 'RequestKeyImport'; readonly publicKey: string } & KeyRequest)
  | { readonly type: 'RecordGenerated'; readonly key: StoredKey }
  | { readonly type: 'RecordImportPrepared'; readonly transportKey: string }
  | { readonly type: 'RecordImported'; readonly key: StoredKey }
  | { readonly type: 'DisableKey'; readonly reason: string | null }
  | DeletionCommand
  | { readonly type: 'RecordDestroyed'; readonly wasInStore: boolean }

/**
 * Key: asked for, made in its key store or brought there, disabled; destroyed when two people want it.
 *
 * Refuses with `KEY_EXISTS`, `KEY_NOT_FOUND`, `KEY_STATE`, `KEY_MISMATCH`, `KEY_DISABLED`, `KEY_STORE_NAME_MALFORMED`,
 * `KEY_IN_USE`, `KEY_UNDER_DELETION`, `KEY_DESTROYED`, `KEY_DELETION_NOT_REQUESTED`, `KEY_DELETION_EXPIRED`,
 * `KEY_DELETION_SAME_PERSON`, `KEY_LABEL_MISMATCH`,
 * `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const keyDecider: Decider<KeyState, KeyCommand, KeyEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'KeyGenerationRequested',
    'KeyGenerated',
    'KeyImportRequested',
    'KeyImportPrepared',
    'KeyImported',
    'KeyDisabled',
    'KeyDeletionRequested',
    'KeyDeletionConfirmed',
    'KeyDeletionWithdrawn',
    'KeyDestroyed',
  ],

  decide(command, state) {
    switch (command.type) {
      case 'RequestKeyGeneration':
        requireNone(state)
        return [{ type: 'KeyGenerationRequested', data: { schemaVersion: 1, ...describe(command) } }]
      case 'RequestKeyImport': {
        requireNone(state)
        const { publicKey } = command
        return [{ type: 'KeyImportRequested', data: { schemaVersion: 1, ...describe(command), publicKey } }]
      }
    }
    if (state.status === 'none') throw new Refusal('KEY_NOT_FOUND', 'There is no such key.')
    switch (command.type) {
      case 'RecordGenerated':
        requireRequested(state, 'generated')
        return [{ type: 'KeyGenerated', data: { schemaVersion: 1, ...command.key } }]
      case 'RecordImportPrepared':
        requireRequested(state, 'imported')
        return [{ type: 'KeyImportPrepared', data: { schemaVersion: 1, transportKey: command.transportKey } }]
      case 'RecordImported':
        requireRequested(state, 'imported')
        if (command.key.publicKey !== state.publicKey)
          throw new Refusal(
            'KEY_MISMATCH',
            `The key that was brought in is not the one that was asked for as ${state.name}.`,
          )
        return [{ type: 'KeyImported', data: { schemaVersion: 1, ...command.key } }]
      case 'DisableKey':
        if (state.status === 'destroyed' || state.deletion?.confirmedBy) requireLasting(state)
        if (state.status === 'disabled') throw new Refusal('KEY_DISABLED', `The key ${state.name} is disabled already.`)
        return [{ type: 'KeyDisabled', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } }]
      case 'RequestKeyDeletion':
      case 'ConfirmKeyDeletion':
      case 'WithdrawKeyDeletion':
        return [decideDeletion(command, state)]
      case 'RecordDestroyed':
        if (state.status === 'destroyed' || !state.deletion?.confirmedBy)
          throw stateRefusal(state, 'to be one whose destruction was confirmed')
        return [{ type: 'KeyDestroyed', data: { schemaVersion: 1, wasInStore: command.wasInStore } }]
    }
  },

  evolve: evolveKey,
}

function requireNone(state: KeyState): void {
  if (state.status !== 'none') throw new Refusal('KEY_EXISTS', 'A key with this id exists already.')
}

function requireRequested(key: Key, origin: Key['origin']): void {
  requireLasting(key)
  if (key.status !== 'requested' || key.origin !== origin) throw stateRefusal(key, `to be requested and ${origin}`)
}

function stateRefusal({ name, status, origin }: Key, needed: string): Refusal {
  return new Refusal('KEY_STATE', `The key ${name} is ${status} and ${origin}; this needs it ${needed}.`, {
    status,
    origin,
  })
}

/** In the key store a key is found by its own id, whatever it is called: names may be long, changed, and in any script. */
function describe({ keyId, organizationId, name, keyStore, algorithm }: KeyRequest): KeyDescription {
  return {
    keyId,
    organizationId,
    name: parseName(name, "The key's name"),
    keyStore: parseKeyStoreName(keyStore),
    label: `countersign-${keyId}`,
    ckaId: keyId.replaceAll('-', ''),
    algorithm,
  }
}
