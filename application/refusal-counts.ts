import {
  type CommandRefused,
  type FurtherCommandsRefused,
  type Instant,
  networkOf,
  type RefusalCount,
  refusalKind,
} from '../domain/index.ts'
import type { RefusedAttempt } from './refused-attempt.ts'

/** Refusals of one kind that were counted and are not recorded yet. */
export type CountedKind = {
  /** The first of them. */
  readonly attempt: RefusedAttempt
  /** 0 while only the kind is known: its first refusal was recorded at once. */
  readonly count: number
  readonly firstAt: Instant
  readonly lastAt: Instant
}

/** Refusals of an organization that are not recorded yet. Memory is bounded, however many kinds there are. */
export type RefusalCounts = {
  /** By kind, those of people who are known first. */
  readonly kinds: readonly CountedKind[]
  /** How many refusals were of further kinds, which `further` names as far as there is room. */
  readonly furtherCount: number
  readonly further: readonly CountedKind[]
  readonly firstAt: Instant | undefined
  readonly lastAt: Instant | undefined
}

/**
 * How many kinds are told apart. Whoever sends nonsense from many addresses must not crowd out what people with a token
 * were refused, so each has room of their own.
 */
const room = { known: { kinds: 40, further: 70 }, anonymous: { kinds: 16, further: 30 } } as const

/** The most events that {@link RefusalCounts} become: one a kind, and one for the further ones. */
export const mostEventsOfCounts = room.known.kinds + room.anonymous.kinds + 1

/** Counts the refusals of one organization. */
export class RefusalCounter {
  #kinds = new BoundedKinds('kinds')
  #further = new BoundedKinds('further')
  #furtherCount = 0
  #firstAt: Instant | undefined
  #lastAt: Instant | undefined

  /** Whether there is something to be recorded. */
  get isEmpty(): boolean {
    return this.#furtherCount === 0 && [...this.#kinds.values()].every(({ count }) => count === 0)
  }

  /**
   * Makes a kind known whose first refusal is recorded at once; `false` when it is known already, or there are too many
   * of them: then it is to be counted.
   */
  isFirst(attempt: RefusedAttempt, at: Instant): boolean {
    const key = keyOf(attempt)
    return !this.#kinds.has(key) && this.#kinds.put(key, { attempt, count: 0, firstAt: at, lastAt: at })
  }

  /** Counts refusals of one kind. */
  add(counted: CountedKind): void {
    const { attempt, count, firstAt, lastAt } = counted
    const key = keyOf(attempt)
    if (this.#kinds.put(key, counted)) return
    this.#addUnnamed(count, firstAt, lastAt)
    this.#further.put(key, counted)
  }

  /** Takes out what was counted, and begins anew. */
  take(): RefusalCounts {
    const known = [...this.#kinds.values()].filter(({ count }) => count > 0)
    const taken = {
      kinds: [
        ...known.filter((each) => !isAnonymous(each.attempt)),
        ...known.filter((each) => isAnonymous(each.attempt)),
      ],
      furtherCount: this.#furtherCount,
      further: [...this.#further.values()],
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
    }
    this.#kinds = new BoundedKinds('kinds')
    this.#further = new BoundedKinds('further')
    this.#furtherCount = 0
    this.#firstAt = undefined
    this.#lastAt = undefined
    return taken
  }

  /** Counts again what could not be recorded. */
  putBack({ kinds, furtherCount, further, firstAt, lastAt }: RefusalCounts): void {
    for (const each of [...kinds, ...further]) this.add(each)
    const unnamed = furtherCount - sum(further)
    if (unnamed > 0 && firstAt !== undefined && lastAt !== undefined) this.#addUnnamed(unnamed, firstAt, lastAt)
  }

  #addUnnamed(count: number, firstAt: Instant, lastAt: Instant): void {
    this.#furtherCount += count
    this.#firstAt = earlier(this.#firstAt, firstAt)
    this.#lastAt = later(this.#lastAt, lastAt)
  }
}

/** Kinds by their key, as many as there is room for of each sort of people. */
class BoundedKinds {
  readonly #where: 'kinds' | 'further'
  readonly #counted = new Map<string, CountedKind>()
  readonly #taken = { known: 0, anonymous: 0 }

  constructor(where: 'kinds' | 'further') {
    this.#where = where
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
    if (present === undefined && this.#taken[sort] >= room[sort][this.#where]) return false
    if (present === undefined) this.#taken[sort] += 1
    this.#counted.set(key, together(present, counted))
    return true
  }
}

/**
 * The events that record counts, in at most `most` of them (1 or more): what has no event of its own is named in that of
 * the further ones. Each with the attempt that it has its metadata from; `null` for the further ones.
 */
export function eventsOf(
  counts: RefusalCounts,
  most: number,
): readonly (
  | { readonly event: CommandRefused; readonly attempt: RefusedAttempt }
  | { readonly event: FurtherCommandsRefused; readonly attempt: null }
)[] {
  const { kinds, furtherCount, further } = counts
  const alone = kinds.length + (furtherCount > 0 ? 1 : 0) <= most ? kinds : kinds.slice(0, most - 1)
  const rest = kinds.slice(alone.length)
  const each = alone.map((counted) => ({ event: commandRefused(counted), attempt: counted.attempt }))
  if (furtherCount === 0 && rest.length === 0) return each
  const named = [...rest, ...further]
  const count = furtherCount + sum(rest)
  const moments = [...rest, ...further, counts]
    .flatMap(({ firstAt, lastAt }) => [firstAt, lastAt])
    .filter((moment) => moment !== undefined)
    .sort()
  const event: FurtherCommandsRefused = {
    type: 'FurtherCommandsRefused',
    data: {
      schemaVersion: 1,
      count,
      kinds: named.map(countOf),
      unnamed: count - sum(named),
      firstAt: moments[0] ?? '',
      lastAt: moments.at(-1) ?? '',
    },
  }
  return [...each, { event, attempt: null }]
}

/** The longest text of a refusal that is kept, in UTF-16 code units: callers' own words stand in some. */
const longestMessage = 500

/** The event that records refusals of one kind. */
export function commandRefused({ attempt, count, firstAt, lastAt }: CountedKind): CommandRefused {
  const { command, subject, refusal } = attempt
  const { code, message } = refusal
  return {
    type: 'CommandRefused',
    data: {
      schemaVersion: 1,
      command,
      code,
      message: message.slice(0, longestMessage).toWellFormed(),
      subject,
      count,
      firstAt,
      lastAt,
    },
  }
}

function countOf({ attempt, count }: CountedKind): RefusalCount {
  const { actor, remoteAddress = null, command, refusal } = attempt
  return { actor, remoteAddress, command, code: refusal.code, count }
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

function keyOf({ refusal, ...attempt }: RefusedAttempt): string {
  return refusalKind({ ...attempt, code: refusal.code })
}

function isAnonymous({ actor }: RefusedAttempt): boolean {
  return actor.kind === 'anonymous'
}

function sum(counted: readonly CountedKind[]): number {
  return counted.reduce((total, { count }) => total + count, 0)
}

function earlier(one: Instant | undefined, other: Instant): Instant {
  return one === undefined || other < one ? other : one
}

function later(one: Instant | undefined, other: Instant): Instant {
  return one === undefined || other > one ? other : one
}
