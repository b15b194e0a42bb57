import type { DomainEvent, Instant } from './event.ts'

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
