import { type Actor, credentialOf } from './actor.ts'
import type { DomainEvent, Instant } from './event.ts'
import { networkOf } from './network.ts'

/**
 * Commands of one kind were refused: from one source, one command, with one code. The first of a minute is recorded at
 * once as a rule, the others are counted and recorded together.
 */
export type CommandRefused = DomainEvent<
  'CommandRefused',
  {
    /** What was asked, e.g. `approveSigningRequest`. */
    readonly command: string
    /** The refusal's code. */
    readonly code: string
    /** The text of the first of them. */
    readonly message: string
    /** The id of the entity that all of them were about; `null` when none is known, or they were about several. */
    readonly subject: string | null
    /** How many refusals this event stands for. */
    readonly count: number
    readonly firstAt: Instant
    readonly lastAt: Instant
  }
>

/** How often a kind of refusal occurred. */
export type RefusalCount = {
  readonly actor: Actor
  readonly remoteAddress: string | null
  readonly command: string
  readonly code: string
  readonly count: number
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

/** Everything that stands in a security stream. The events are independent of each other. */
export type SecurityEvent = CommandRefused | FurtherCommandsRefused

/** What an event of a security stream says, whichever of the two it is. */
export type RefusalFacts = {
  /** `null`, like code, message and subject, when it stands for several kinds. */
  readonly command: string | null
  readonly code: string | null
  readonly message: string | null
  readonly subject: string | null
  /** How many refusals it stands for. */
  readonly count: number
  readonly firstAt: Instant
  readonly lastAt: Instant
  /** The kinds that it stands for; none when it stands for one kind. */
  readonly kinds: readonly RefusalCount[]
  /** How many of `count` are of none of these kinds. */
  readonly unnamed: number
}

/** Reads an event of a security stream. */
export function refusalFacts(event: SecurityEvent): RefusalFacts {
  if (event.type === 'CommandRefused') {
    const { command, code, message, subject, count, firstAt, lastAt } = event.data
    return { command, code, message, subject, count, firstAt, lastAt, kinds: [], unnamed: 0 }
  }
  const { count, firstAt, lastAt, kinds, unnamed } = event.data
  return { command: null, code: null, message: null, subject: null, count, firstAt, lastAt, kinds, unnamed }
}

/**
 * What makes two refusals the same for counting: who asked, for what, and the answer. Nothing of it is the caller's
 * invention: not the entity that a call names, and of an IPv6 address only the network, whose owner has all addresses in it.
 */
export function refusalKind(refused: {
  readonly actor: Actor
  readonly remoteAddress?: string | undefined
  readonly command: string
  readonly code: string
}): string {
  const { actor, remoteAddress, command, code } = refused
  return JSON.stringify([sourceOf(actor, remoteAddress), command, code])
}

function sourceOf(actor: Actor, remoteAddress: string | undefined): string {
  if (actor.kind === 'user') return `${actor.userId} ${credentialOf(actor.authentication)}`
  if (actor.kind === 'system') return actor.component
  return remoteAddress === undefined ? 'anonymous' : networkOf(remoteAddress)
}
