import type { Instant } from '../event.ts'
import type { UnusualActivityRule, UnusualSubject } from './events.ts'

const hourMs = 60 * 60_000
/** Findings of one rule that are recorded one by one within an hour, of an organization. */
const mostOfOrganization = 10
/** So many subjects of further findings are named. */
const mostSubjects = 50

/**
 * So many findings of a rule about one subject are recorded one by one within an hour. A rule that finds a state (a burst goes on)
 * needs one; one whose findings can be independent of each other (another network, another token) has three.
 */
const mostAlone: Readonly<Record<UnusualActivityRule, number>> = {
  unusualHour: 1,
  newNetwork: 3,
  burstOfSubmissions: 1,
  repeatedDenials: 1,
  tokenInTwoNetworks: 3,
}

/** What was found by one rule about one subject within an hour. */
export type RecordedFinding = {
  /** When the hour began. */
  readonly since: Instant
  /** How many were recorded one by one. */
  readonly recorded: number
  /** How many were found since the last that was recorded. */
  readonly unrecorded: number
  /** At so many of them it is recorded again within the hour. */
  readonly next: number
}

/**
 * Whether a finding is recorded. The first of an hour are; those that follow are counted, and recorded when they have become
 * ten, a hundred, a thousand. What remains is counted in with the next.
 */
export function recordOrCount(
  before: RecordedFinding | undefined,
  rule: UnusualActivityRule,
  at: Instant,
): { readonly count: number | undefined; readonly after: RecordedFinding } {
  if (before === undefined || isOver(before.since, at))
    return { count: 1 + (before?.unrecorded ?? 0), after: { since: at, recorded: 1, unrecorded: 0, next: 10 } }
  if (before.recorded < mostAlone[rule]) return { count: 1, after: { ...before, recorded: before.recorded + 1 } }
  const unrecorded = before.unrecorded + 1
  if (unrecorded < before.next) return { count: undefined, after: { ...before, unrecorded } }
  return { count: unrecorded, after: { ...before, unrecorded: 0, next: before.next * 10 } }
}

/** What was found by one rule in an organization within an hour. */
export type RecordedTogether = {
  /** When the hour began. */
  readonly since: Instant
  /** How many were recorded one by one. */
  readonly recorded: number
  /** Those beyond, which are recorded together. */
  readonly further: FurtherFindings | null
  /** At so many they are recorded within the hour. */
  readonly next: number
}

/** Findings that are recorded together. */
export type FurtherFindings = {
  readonly count: number
  readonly subjects: readonly UnusualSubject[]
  readonly unnamed: number
  readonly firstAt: Instant
  readonly lastAt: Instant
}

/** What becomes of a finding that would be recorded, of any subject. */
export type LimitedFinding = {
  readonly after: RecordedTogether
  /** Whether it is recorded by itself. */
  readonly alone: boolean
  /** What is recorded together now. */
  readonly further: FurtherFindings | undefined
}

/** Records a finding by itself as long as the hour has room for it; else together with others: the first at once, then at ten, a hundred. */
export function limitFinding(
  before: RecordedTogether | undefined,
  subject: UnusualSubject,
  at: Instant,
): LimitedFinding {
  const current = before ?? { since: at, recorded: 0, further: null, next: 1 }
  if (current.recorded < mostOfOrganization)
    return { after: { ...current, recorded: current.recorded + 1 }, alone: true, further: undefined }
  const further = together(current.further, subject, at)
  if (further.count < current.next) return { after: { ...current, further }, alone: false, further: undefined }
  return { after: { ...current, further: null, next: current.next * 10 }, alone: false, further }
}

/** Ends the hour of a rule when it is over: what was not recorded yet is then. */
export function endHour(
  before: RecordedTogether,
  at: Instant,
): { readonly isOver: boolean; readonly further: FurtherFindings | undefined } {
  const over = isOver(before.since, at)
  return { isOver: over, further: over ? (before.further ?? undefined) : undefined }
}

/** The rules, each with what is kept for it. */
export type ByRule<Kept> = Readonly<Partial<Record<UnusualActivityRule, Kept>>>

function together(further: FurtherFindings | null, subject: UnusualSubject, at: Instant): FurtherFindings {
  const { count, subjects, unnamed, firstAt, lastAt } = further ?? {
    count: 0,
    subjects: [],
    unnamed: 0,
    firstAt: at,
    lastAt: at,
  }
  const isNamed = subjects.some((each) => JSON.stringify(each) === JSON.stringify(subject))
  const hasRoom = isNamed || subjects.length < mostSubjects
  return {
    count: count + 1,
    subjects: isNamed || !hasRoom ? subjects : [...subjects, subject],
    unnamed: unnamed + (hasRoom ? 0 : 1),
    firstAt: at < firstAt ? at : firstAt,
    lastAt: at > lastAt ? at : lastAt,
  }
}

function isOver(since: Instant, at: Instant): boolean {
  return Math.abs(Date.parse(at) - Date.parse(since)) >= hourMs
}
