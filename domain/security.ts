import { type Actor, credentialOf } from './actor.ts'
import type { DomainEvent, Instant } from './event.ts'
import type { ApiTokenId, OrganizationId, UserId } from './ids.ts'
import { networkOf } from './network.ts'

/**
 * An API token that somebody presented, which is one of the organization's and does not work: it was revoked, has expired, is
 * limited to other networks, or its user is deactivated. Who presents it has its secret.
 */
export type PresentedToken = { readonly userId: UserId; readonly tokenId: ApiTokenId }

/**
 * Commands of one kind were refused: from one source, with one code. The first of a minute is recorded at once as a rule,
 * the others are counted and recorded together.
 *
 * Nothing in it is text that a caller chose: whatever they send may be a secret that was pasted in the wrong place. So
 * there is no message, which may quote it; what a code means stands in `docs/error-codes.md`.
 */
export type CommandRefused = DomainEvent<
  'CommandRefused',
  {
    /** The refusal's code. */
    readonly code: string
    /** What was asked, e.g. `approveSigningRequest`: each once, in the order in which they came, {@link mostCommands} at the most. */
    readonly commands: readonly string[]
    /**
     * The id of the entity that all of them were about; `null` when they were about several, or about nothing that the
     * organization has: an id that it does not know is the caller's own text.
     */
    readonly subject: string | null
    /** How many refusals this event stands for. */
    readonly count: number
    readonly firstAt: Instant
    readonly lastAt: Instant
    /** The token that was presented; left out where none was that the organization knows, or where it is the actor's own. */
    readonly presented?: PresentedToken
  }
>

/** So many commands are named of one kind of refusals. */
export const mostCommands = 10

/** How often a kind of refusal occurred. */
export type RefusalCount = {
  readonly actor: Actor
  readonly remoteAddress: string | null
  /** As of {@link CommandRefused}. */
  readonly commands: readonly string[]
  readonly code: string
  readonly count: number
  /** As of {@link CommandRefused}. */
  readonly presented?: PresentedToken
}

/** Commands of more kinds were refused within a minute than are recorded one by one. */
export type FurtherCommandsRefused = DomainEvent<
  'FurtherCommandsRefused',
  {
    /** How many refusals this event stands for. */
    readonly count: number
    /** The kinds that are known, in the order in which they came. */
    readonly kinds: readonly RefusalCount[]
    /** How many of `count` are of none of these kinds. */
    readonly unnamed: number
    readonly firstAt: Instant
    readonly lastAt: Instant
  }
>

/** Refusals that a process has counted and not recorded yet. */
export type CountedRefusals = {
  readonly count: number
  /** In how many organizations. */
  readonly organizations: number
  /** Of the organizations with the most of them, those first; of a thousand at the most. */
  readonly most: readonly { readonly organizationId: OrganizationId; readonly count: number }[]
}

/**
 * A process is about to record refusals, in so many events at the most, in whichever security streams, at once. It stands
 * in the stream of what belongs to no organization, so that all processes and organizations together keep to one limit.
 */
export type RefusalEventsReserved = DomainEvent<
  'RefusalEventsReserved',
  {
    readonly events: number
    /** What these events are to record: what is lost of it when the process is killed before it appended them. */
    readonly recording: CountedRefusals
    /** What the process has to record beyond these events: what is lost if it is killed before it gets to that. */
    readonly waiting: CountedRefusals
  }
>

/** What stands for refusals in a security stream. The events are independent of each other. */
export type RefusalEvent = CommandRefused | FurtherCommandsRefused

/** Everything that stands in a security stream. */
export type SecurityEvent = RefusalEvent | RefusalEventsReserved

/** The types of the events that stand for refusals. */
export const refusalEventTypes = [
  'CommandRefused',
  'FurtherCommandsRefused',
] as const satisfies readonly RefusalEvent['type'][]

/** The types of everything that stands in a security stream. */
export const securityEventTypes = [
  ...refusalEventTypes,
  'RefusalEventsReserved',
] as const satisfies readonly SecurityEvent['type'][]

/** What an event that stands for refusals says, whichever of the two it is. */
export type RefusalFacts = {
  /** `null`, like the subject, when it stands for several kinds. */
  readonly code: string | null
  /** None when it stands for several kinds. */
  readonly commands: readonly string[]
  readonly subject: string | null
  /** How many refusals it stands for. */
  readonly count: number
  readonly firstAt: Instant
  readonly lastAt: Instant
  /** The kinds that it stands for; none when it stands for one kind. */
  readonly kinds: readonly RefusalCount[]
  /** How many of `count` are of none of these kinds. */
  readonly unnamed: number
  /** The token that was presented; `null` where none is known, or when it stands for several kinds. */
  readonly presented: PresentedToken | null
}

/** Reads an event that stands for refusals. */
export function refusalFacts(event: RefusalEvent): RefusalFacts {
  if (event.type === 'CommandRefused') {
    const { code, commands, subject, count, firstAt, lastAt, presented = null } = event.data
    return { code, commands, subject, count, firstAt, lastAt, kinds: [], unnamed: 0, presented }
  }
  const { count, firstAt, lastAt, kinds, unnamed } = event.data
  return { code: null, commands: [], subject: null, count, firstAt, lastAt, kinds, unnamed, presented: null }
}

/**
 * What makes two refusals the same for counting: who asked, or whose token was presented, and the answer. Nothing of it is the caller's choice: not
 * what they ask for, not the entity that they name, and of an IPv6 address only the network, whose owner has all
 * addresses in it.
 */
export function refusalKind(refused: {
  readonly actor: Actor
  readonly remoteAddress?: string | undefined
  readonly code: string
  readonly presented?: PresentedToken | undefined
}): string {
  const { actor, remoteAddress, code, presented } = refused
  return JSON.stringify([presented === undefined ? sourceOf(actor, remoteAddress) : tokenSource(presented), code])
}

// Wherever it is presented: an address that tries many tokens is one kind for each of them, and none of them is hidden.
function tokenSource({ userId, tokenId }: PresentedToken): string {
  return `presented ${userId} ${tokenId}`
}

function sourceOf(actor: Actor, remoteAddress: string | undefined): string {
  if (actor.kind === 'user') return `${actor.userId} ${credentialOf(actor.authentication)}`
  if (actor.kind === 'system') return actor.component
  return remoteAddress === undefined ? 'anonymous' : networkOf(remoteAddress)
}
