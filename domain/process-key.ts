import type { Decider } from './decider.ts'
import type { DomainEvent, Instant } from './event.ts'
import { Refusal } from './refusal.ts'
import { parseText } from './text.ts'

/** What a process that appends to the event log does there. The projector only reads. */
export const processRoles = ['api', 'worker', 'signer'] as const

/** What a process that appends to the event log does there. */
export type ProcessRole = (typeof processRoles)[number]

/**
 * What the installation says of a process's key: whose it is, what it may write, and when. Signed with the installation
 * key, which is not in the log.
 */
export type ProcessKeyStatement = {
  /** Ed25519 public key (RFC 8032): DER SubjectPublicKeyInfo (RFC 8410), base64. */
  readonly publicKey: string
  readonly roles: readonly ProcessRole[]
  readonly notBefore: Instant
  /** `null`: until it is replaced. */
  readonly notAfter: Instant | null
}

/**
 * A process signs what it appends with this key. Recorded so that an auditor finds the key; believed because of the
 * installation's signature only, not because it stands in the log.
 */
export type ProcessKeyCertified = DomainEvent<
  'ProcessKeyCertified',
  ProcessKeyStatement & {
    /** The installation key's Ed25519 signature over the statement, base64. */
    readonly signature: string
  }
>

/**
 * A process's key is believed no more: for nothing that stands behind this event in the log, and for nothing that says of
 * itself that it happened at `since` or later.
 */
export type ProcessKeyRevoked = DomainEvent<
  'ProcessKeyRevoked',
  { readonly keyId: string; readonly since: Instant; readonly reason: string | null }
>

/** Everything that happens to a process's key. */
export type ProcessKeyEvent = ProcessKeyCertified | ProcessKeyRevoked

/** What is known of a process's key; since when it is revoked, if it is. */
export type ProcessKeyState =
  | { readonly status: 'none' | 'certified' }
  | { readonly status: 'revoked'; readonly since: Instant }

/** What can be asked of a process's key; it is recorded by its process itself, when that appends for the first time. */
export type ProcessKeyCommand = {
  readonly type: 'RevokeProcessKey'
  readonly keyId: string
  readonly since: Instant
  readonly reason: string | null
  /** The present. */
  readonly at: Instant
}

/**
 * Key of a process: recorded, revoked; revoked again when it was stolen earlier than was thought.
 *
 * Refuses with `EVENT_KEY_NOT_FOUND`, `EVENT_KEY_REVOKED`, `EVENT_KEY_REVOCATION_AHEAD`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const processKeyDecider: Decider<ProcessKeyState, ProcessKeyCommand, ProcessKeyEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['ProcessKeyCertified', 'ProcessKeyRevoked'],

  decide({ keyId, since, at, reason }, state) {
    if (state.status === 'none')
      throw new Refusal('EVENT_KEY_NOT_FOUND', `The log knows no event key ${JSON.stringify(keyId.slice(0, 60))}.`)
    if (state.status === 'revoked' && since >= state.since)
      throw new Refusal('EVENT_KEY_REVOKED', `The event key ${keyId} is revoked already, since ${state.since}.`)
    if (since > at)
      throw new Refusal(
        'EVENT_KEY_REVOCATION_AHEAD',
        `A key is revoked from now on, or from an earlier time; ${since} is to come.`,
      )
    const data = { schemaVersion: 1, keyId, since, reason: parseText(reason, 'The reason') }
    return [{ type: 'ProcessKeyRevoked', data }]
  },

  evolve(state, { type, data }) {
    if (type === 'ProcessKeyRevoked') return { status: 'revoked', since: data.since }
    return state.status === 'revoked' ? state : { status: 'certified' }
  },
}
