import {
  type CommandRefused,
  type FurtherCommandsRefused,
  type Instant,
  parseStreamName,
  type RefusalCount,
  refusalKind,
} from '../domain/index.ts'
import { BoundedKinds, type CountedKind, earlier, isAnonymous, later, type SharedRoom, sum } from './counted-kinds.ts'
import type { RefusedAttempt } from './refused-attempt.ts'

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

/** Counts the refusals of one organization. */
export class RefusalCounter {
  readonly #shared: SharedRoom
  #kinds: BoundedKinds
  #further: BoundedKinds
  #furtherCount = 0
  #firstAt: Instant | undefined
  #lastAt: Instant | undefined

  constructor(shared: SharedRoom) {
    this.#shared = shared
    this.#kinds = new BoundedKinds('kinds', shared)
    this.#further = new BoundedKinds('further', shared)
  }

  /** How many refusals there are to be recorded. */
  get count(): number {
    return this.#furtherCount + sum(this.#kinds.values())
  }

  /** In how many events they would be recorded if there were room for all: one a kind, and one for the further ones. */
  get events(): number {
    return this.#kinds.values().filter(({ count }) => count > 0).length + (this.#furtherCount > 0 ? 1 : 0)
  }

  /**
   * Makes a kind known whose first refusal is recorded at once; `false` when it is known already, or there are too many
   * of them: then it is to be counted.
   */
  isFirst(attempt: RefusedAttempt, at: Instant): boolean {
    const key = refusalKind(attempt)
    return !this.#kinds.has(key) && this.#kinds.put(key, { attempt, commands: [], count: 0, firstAt: at, lastAt: at })
  }

  /** Counts refusals of one kind. */
  add(counted: CountedKind): void {
    const { attempt, count, firstAt, lastAt } = counted
    const key = refusalKind(attempt)
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
    this.#shared.giveBack(this.#kinds.sharedRoom + this.#further.sharedRoom)
    this.#kinds = new BoundedKinds('kinds', this.#shared)
    this.#further = new BoundedKinds('further', this.#shared)
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

/** An event and the attempt that it has its metadata from; `null` for one of several kinds. */
export type CountedEvent =
  | { readonly event: CommandRefused; readonly attempt: RefusedAttempt }
  | { readonly event: FurtherCommandsRefused; readonly attempt: null }

/**
 * The events that record counts, in at most `most` of them (1 or more): what has no event of its own is named in that of
 * the further ones.
 */
export function eventsOf(counts: RefusalCounts, most: number): readonly CountedEvent[] {
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

/** The event that records refusals of one kind; its subject is the id in the name of the attempt's stream. */
export function commandRefused({ attempt, commands, count, firstAt, lastAt }: CountedKind): CommandRefused {
  const { code, subject, presented } = attempt
  const id = subject === null ? undefined : parseStreamName(subject)?.id
  return {
    type: 'CommandRefused',
    data: {
      schemaVersion: 1,
      code,
      commands,
      subject: id ?? null,
      count,
      firstAt,
      lastAt,
      ...(presented === undefined ? {} : { presented }),
    },
  }
}

function countOf({ attempt, commands, count }: CountedKind): RefusalCount {
  const { actor, remoteAddress = null, code, presented } = attempt
  return { actor, remoteAddress, commands, code, count, ...(presented === undefined ? {} : { presented }) }
}
