import type { Instant } from '../event.ts'
import { Refusal } from '../refusal.ts'
import type {
  KeyActor,
  KeyDeletionConfirmed,
  KeyDeletionRequested,
  KeyDeletionWithdrawn,
  KeyDescription,
  KeyEvent,
  KeyToken,
} from './events.ts'

/** A key pair that was asked for, on its way into a key store or in it. */
export type Key = KeyDescription & {
  readonly status: 'requested' | 'active' | 'disabled' | 'destroyed'
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
  /** Its destruction, from when that was asked for until it was withdrawn: it signs nothing meanwhile. */
  readonly deletion: KeyDeletion | null
}

/** The destruction of a key, which two people have to want. */
export type KeyDeletion = {
  readonly requestedBy: KeyActor
  readonly reason: string | null
  /** It can be confirmed before this moment. */
  readonly expiresAt: Instant
  /** `null` until another person has. */
  readonly confirmedBy: KeyActor | null
}

/** Before and after the key was asked for. */
export type KeyState = { readonly status: 'none' } | Key

/** The state after an event. */
export function evolveKey(state: KeyState, event: KeyEvent): KeyState {
  if (state.status === 'none') return requestedKey(event) ?? state
  // What was destroyed is gone, whatever the stream says after it.
  if (state.status === 'destroyed') return state
  switch (event.type) {
    case 'KeyDisabled':
      return { ...state, status: 'disabled', transportKey: null }
    case 'KeyDeletionRequested':
    case 'KeyDeletionConfirmed':
    case 'KeyDeletionWithdrawn':
      return { ...state, deletion: evolveDeletion(state.deletion, event) }
    case 'KeyDestroyed':
      return { ...state, status: 'destroyed', transportKey: null }
  }
  // Nothing makes a disabled key sign again.
  if (state.status === 'disabled') return state
  switch (event.type) {
    case 'KeyImportPrepared':
      return { ...state, transportKey: event.data.transportKey }
    case 'KeyGenerated':
    case 'KeyImported': {
      const { publicKey, token } = event.data
      return { ...state, status: 'active', transportKey: null, publicKey, token }
    }
    default:
      return state
  }
}

/** What was confirmed stays so: the signer may be at it. */
function evolveDeletion(
  deletion: KeyDeletion | null,
  event: KeyDeletionRequested | KeyDeletionConfirmed | KeyDeletionWithdrawn,
): KeyDeletion | null {
  if (deletion !== null && deletion.confirmedBy !== null) return deletion
  switch (event.type) {
    case 'KeyDeletionRequested': {
      const { requestedBy, reason, expiresAt } = event.data
      return { requestedBy, reason, expiresAt, confirmedBy: null }
    }
    case 'KeyDeletionConfirmed':
      return deletion && { ...deletion, confirmedBy: event.data.confirmedBy }
    case 'KeyDeletionWithdrawn':
      return null
  }
}

/** The key that an event asks for. */
function requestedKey(event: KeyEvent): Key | undefined {
  const nothingYet = { transportKey: null, token: null, deletion: null } as const
  switch (event.type) {
    case 'KeyGenerationRequested': {
      const { schemaVersion: _, ...description } = event.data
      const origin = { origin: 'generated', potentiallyExposed: false } as const
      return { status: 'requested', ...description, ...origin, ...nothingYet, publicKey: null }
    }
    case 'KeyImportRequested': {
      const { schemaVersion: _, ...description } = event.data
      const origin = { origin: 'imported', potentiallyExposed: true } as const
      return { status: 'requested', ...description, ...origin, ...nothingYet }
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
 * @throws Refusal `KEY_NOT_FOUND`, `KEY_NOT_READY`, `KEY_DISABLED`, `KEY_UNDER_DELETION`, `KEY_DESTROYED`
 */
export function usableKey(state: KeyState, of: string): UsableKey {
  if (state.status === 'none') throw new Refusal('KEY_NOT_FOUND', `The key of ${of} does not exist.`)
  const { status, publicKey, name } = state
  requireLasting(state)
  if (status === 'disabled')
    throw new Refusal('KEY_DISABLED', `The key ${name} of ${of} is disabled and signs nothing.`)
  if (status !== 'active' || publicKey === null)
    throw new Refusal('KEY_NOT_READY', `The key ${name} of ${of} is not in its key store ${state.keyStore} yet.`)
  return { ...state, status, publicKey }
}

/**
 * Refuses a key that is destroyed, or is to be.
 *
 * @throws Refusal `KEY_UNDER_DELETION`, `KEY_DESTROYED`
 */
export function requireLasting({ status, deletion, name }: Key): void {
  if (status === 'destroyed') throw new Refusal('KEY_DESTROYED', `The key ${name} was destroyed.`)
  if (deletion !== null)
    throw new Refusal('KEY_UNDER_DELETION', `The key ${name} is to be destroyed and signs nothing any more.`)
}
