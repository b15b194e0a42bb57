import type { KeyAlgorithm } from '../algorithms.ts'
import type { Decider } from '../decider.ts'
import type { KeyId, OrganizationId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import type { KeyDescription, KeyEvent, KeyToken, StoredKey } from './events.ts'
import { parseKeyStoreName } from './key-store-name.ts'

/** A key pair that was asked for, on its way into a key store or in it. */
export type Key = KeyDescription & {
  readonly status: 'requested' | 'active' | 'disabled'
  /** Made in its key store, or brought there from elsewhere. */
  readonly origin: 'generated' | 'imported'
  /** Whether its private half was ever outside of a key store. */
  readonly potentiallyExposed: boolean
  /**
   * For which the private half is to be encrypted that somebody brings in: DER SubjectPublicKeyInfo, base64; `null` before that is
   * prepared, and when it is over.
   */
  readonly transportKey: string | null
  /** DER SubjectPublicKeyInfo, base64; `null` until a key that is made is there. */
  readonly publicKey: string | null
  /** `null` until the key is there. */
  readonly token: KeyToken | null
}

/** Before and after the key was asked for. */
export type KeyState = { readonly status: 'none' } | Key

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

/**
 * Key: asked for, made in its key store or brought there, disabled.
 *
 * Refuses with `KEY_EXISTS`, `KEY_NOT_FOUND`, `KEY_STATE`, `KEY_MISMATCH`, `KEY_DISABLED`, `KEY_STORE_NAME_MALFORMED`,
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
        if (state.status === 'disabled') throw new Refusal('KEY_DISABLED', `The key ${state.name} is disabled already.`)
        return [{ type: 'KeyDisabled', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } }]
    }
  },

  evolve(state, event) {
    if (state.status === 'none') return requestedKey(event) ?? state
    // Nothing makes a disabled key sign again, whatever the stream says after it.
    if (state.status === 'disabled') return state
    switch (event.type) {
      case 'KeyGenerationRequested':
      case 'KeyImportRequested':
        return state
      case 'KeyImportPrepared':
        return { ...state, transportKey: event.data.transportKey }
      case 'KeyGenerated':
      case 'KeyImported': {
        const { publicKey, token } = event.data
        return { ...state, status: 'active', transportKey: null, publicKey, token }
      }
      case 'KeyDisabled':
        return { ...state, status: 'disabled', transportKey: null }
    }
  },
}

/** The key that an event asks for. */
function requestedKey(event: KeyEvent): Key | undefined {
  switch (event.type) {
    case 'KeyGenerationRequested': {
      const { schemaVersion: _, ...description } = event.data
      const origin = { origin: 'generated', potentiallyExposed: false } as const
      return { status: 'requested', ...description, ...origin, transportKey: null, publicKey: null, token: null }
    }
    case 'KeyImportRequested': {
      const { schemaVersion: _, ...description } = event.data
      const origin = { origin: 'imported', potentiallyExposed: true } as const
      return { status: 'requested', ...description, ...origin, transportKey: null, token: null }
    }
    default:
      return undefined
  }
}

/** A key that can sign. */
export type UsableKey = Key & { readonly status: 'active'; readonly publicKey: string }

/**
 * The key, if it can sign.
 *
 * @param of what refers to it, for the message
 * @throws Refusal `KEY_NOT_FOUND`, `KEY_NOT_READY`, `KEY_DISABLED`
 */
export function usableKey(state: KeyState, of: string): UsableKey {
  if (state.status === 'none') throw new Refusal('KEY_NOT_FOUND', `The key of ${of} does not exist.`)
  const { status, publicKey, name } = state
  if (status === 'disabled')
    throw new Refusal('KEY_DISABLED', `The key ${name} of ${of} is disabled and signs nothing.`)
  if (status !== 'active' || publicKey === null)
    throw new Refusal('KEY_NOT_READY', `The key ${name} of ${of} is not in its key store ${state.keyStore} yet.`)
  return { ...state, status, publicKey }
}

function requireNone(state: KeyState): void {
  if (state.status !== 'none') throw new Refusal('KEY_EXISTS', 'A key with this id exists already.')
}

function requireRequested(key: Key, origin: Key['origin']): void {
  if (key.status !== 'requested' || key.origin !== origin)
    throw new Refusal(
      'KEY_STATE',
      `The key ${key.name} is ${key.status} and ${key.origin}; this needs it to be requested and ${origin}.`,
      { status: key.status, origin: key.origin },
    )
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
