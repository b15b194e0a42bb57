import { type Instant, mostCommands, networkOf } from '../domain/index.ts'
import type { RefusedAttempt } from './refused-attempt.ts'

/** Refusals of one kind that were counted and are not recorded yet. */
export type CountedKind = {
  /** The first of them. */
  readonly attempt: RefusedAttempt
  /** What was asked, each once, {@link mostCommands} at the most. */
  readonly commands: readonly string[]
  /** 0 while only the kind is known: its first refusal was recorded at once. */
  readonly count: number
  readonly firstAt: Instant
  readonly lastAt: Instant
}

/**
 * How many kinds of an organization are told apart. Whoever sends nonsense from many addresses must not crowd out what
 * people with a token were refused, so each has room of their own.
 */
const room = { known: { kinds: 40, further: 70 }, anonymous: { kinds: 16, further: 30 } } as const
/** So many of them each organization has whatever others do; the rest is of the {@link SharedRoom}. */
const ownRoom = { known: { kinds: 4, further: 0 }, anonymous: { kinds: 2, further: 0 } } as const
/** How many kinds a process keeps of all organizations beyond what each has of its own: a few megabytes. */
const mostSharedKinds = 5_000

/** Room for kinds that all organizations share, so that memory is bounded however many are flooded. */
export class SharedRoom {
  #left = mostSharedKinds

  /** Takes room for one kind; `false` when there is none. */
  take(): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    return true
  }

  giveBack(kinds: number): void {
    this.#left += kinds
  }
}

/** Kinds by their key, as many as there is room for of each sort of people. */
export class BoundedKinds {
  readonly #where: 'kinds' | 'further'
  readonly #counted = new Map<string, CountedKind>()
  readonly #shared: SharedRoom
  readonly #taken = { known: 0, anonymous: 0 }
  /** How much of the shared room these kinds take. */
  sharedRoom = 0

  constructor(where: 'kinds' | 'further', shared: SharedRoom) {
    this.#where = where
    this.#shared = shared
  }

  has(key: string): boolean {
    return this.#counted.has(key)
  }

  values(): readonly CountedKind[] {
    return [...this.#counted.values()]
  }

  /** Adds to what the kind has; `false` when it is not here yet and there is no room for it. */
  put(key: string, counted: CountedKind): boolean {
    const present = this.#counted.get(key)
    const sort = isAnonymous(counted.attempt) ? 'anonymous' : 'known'
    if (present === undefined && !this.#takeRoom(sort)) return false
    this.#counted.set(key, together(present, counted))
    return true
  }

  #takeRoom(sort: keyof typeof room): boolean {
    const taken = this.#taken[sort]
    if (taken >= room[sort][this.#where]) return false
    if (taken >= ownRoom[sort][this.#where]) {
      if (!this.#shared.take()) return false
      this.sharedRoom += 1
    }
    this.#taken[sort] += 1
    return true
  }
}

/** Two counts of one kind as one. What differs between them is not said of both. */
function together(one: CountedKind | undefined, other: CountedKind): CountedKind {
  if (one === undefined || one.count === 0) return other
  const { attempt } = one
  const { remoteAddress: _, ...withoutAddress } = attempt
  const address = commonAddress(attempt, other.attempt)
  return {
    attempt: {
      ...withoutAddress,
      subject: attempt.subject === other.attempt.subject ? attempt.subject : null,
      ...(address === undefined ? {} : { remoteAddress: address }),
    },
    commands: [...new Set([...one.commands, ...other.commands])].slice(0, mostCommands),
    count: one.count + other.count,
    firstAt: earlier(one.firstAt, other.firstAt),
    lastAt: later(one.lastAt, other.lastAt),
  }
}

/** The address of both, or, of people who are not known, the network that both came from. */
function commonAddress(one: RefusedAttempt, other: RefusedAttempt): string | undefined {
  if (one.remoteAddress === other.remoteAddress) return one.remoteAddress
  return isAnonymous(one) && one.remoteAddress !== undefined ? networkOf(one.remoteAddress) : undefined
}

/** Whether nothing is known of who made an attempt: neither who it was nor whose token they have. */
export function isAnonymous({ actor, presented }: RefusedAttempt): boolean {
  return actor.kind === 'anonymous' && presented === undefined
}

/** How many refusals these kinds are together. */
export function sum(counted: readonly CountedKind[]): number {
  return counted.reduce((total, { count }) => total + count, 0)
}

/** The earlier of two moments, of which the first may be missing. */
export function earlier(one: Instant | undefined, other: Instant): Instant {
  return one === undefined || other < one ? other : one
}

/** The later of two moments, of which the first may be missing. */
export function later(one: Instant | undefined, other: Instant): Instant {
  return one === undefined || other > one ? other : one
}
