import type { Actor } from './actor.ts'
import type { Instant } from './event.ts'
import type { ChangeProposalId, OrganizationId } from './ids.ts'

/**
 * An earlier append of a process: one that the log answered before the process made its next. Revision and id of its last
 * event, and its stream. A text, since most appends carry one.
 */
export type AppendWitness = `${number} ${string} ${string}`

/** The hash of a witness, which stands in its place in an export that does not tell what it is. */
export type ConcealedWitness = `#${string}`

/**
 * Which process made an append, in the metadata of its last event: an Ed25519 signature over all of its events, where they
 * stand, and what the process appended before.
 */
export type AppendSignature = {
  /** Id of the process's key. */
  readonly keyId: string
  /** Revision of the append's first event. */
  readonly revision: number
  /** How many events the append has. */
  readonly count: number
  /** What the process appended before and no later append of it names yet: that it is removed shows here. */
  readonly witnesses: readonly (AppendWitness | ConcealedWitness)[]
  /**
   * From this append's hash to the one that is signed: the hashes beside, each as `L` or `R` for the side on which it stands
   * and 43 characters of base64url. Empty unless appends were made at the same moment, which share a signature.
   */
  readonly path: string
  /** The signature, base64. */
  readonly value: string
}

/** Who caused something by which call: what the metadata of the events that follow takes from it. JSON. */
export type Initiator = {
  readonly actor: Actor
  /** The caller's IP address, where one called. */
  readonly remoteAddress?: string
  /** A UUID of the call; of a part of the service, the id of what made it act. */
  readonly callId: string
}

/** What accompanies every event in the log. Never a secret. Older forms are upcast on read, like those of data. */
export type EventMetadata = {
  readonly schemaVersion: number
  readonly organizationId: OrganizationId
  readonly actor: Actor
  /** The caller's IP address, where one called. */
  readonly remoteAddress?: string
  /** The signing request, or the API call, that the event belongs to. */
  readonly correlationId: string
  /** The event or API call that caused it. */
  readonly causationId: string
  readonly occurredAt: Instant
  /** The proposal whose approval lets this change of a rule hold; absent where no approval was needed. */
  readonly changeProposalId?: ChangeProposalId
  /** Of the append whose last event this is. Added by the log that signs; what appends leaves it out. */
  readonly signature?: AppendSignature
}

/** The form of metadata that this release writes and reads; later ones are not understood. */
export const metadataSchemaVersion = 1

/**
 * The metadata of an event that somebody caused.
 *
 * @param about.correlationId what the event belongs to; the call by default
 */
export function eventMetadata(
  { actor, remoteAddress, callId }: Initiator,
  about: {
    readonly organizationId: OrganizationId
    readonly correlationId?: string
    readonly occurredAt: Instant
    readonly changeProposalId?: ChangeProposalId
  },
): EventMetadata {
  const { organizationId, correlationId = callId, occurredAt, changeProposalId } = about
  return {
    schemaVersion: metadataSchemaVersion,
    organizationId,
    actor,
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    correlationId,
    causationId: callId,
    occurredAt,
    ...(changeProposalId === undefined ? {} : { changeProposalId }),
  }
}
