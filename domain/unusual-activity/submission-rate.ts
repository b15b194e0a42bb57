import type { Instant } from '../event.ts'
import type { Evidence, UnusualFacts } from './events.ts'

/** How many requests are submitted, by one user or to one policy. */
export type SubmissionRate = {
  /** Of the newest minutes that have some: the minute since 1970, and how many. */
  readonly minutes: readonly (readonly [minute: number, submissions: number])[]
  /** The most within {@link windowMinutes} on the newest day. */
  readonly today: { readonly day: string; readonly most: number }
  /** The same of the days before that have some, the newest last. */
  readonly before: readonly number[]
  /** The newest submissions. */
  readonly evidence: readonly Evidence[]
}

/** Within so many minutes submissions are counted. */
const windowMinutes = 10
/** Fewer than so many are never a burst. */
const fewestOfBurst = 20
/** A burst has so many times the usual number at least. */
const timesUsual = 2
/** What is usual is known from so many days. */
const mostDays = 28
/** So many submissions are named. */
const mostEvidence = 10
const minuteMs = 60_000

/** Nothing is known yet. */
export const noSubmissions: SubmissionRate = { minutes: [], today: { day: '', most: 0 }, before: [], evidence: [] }

/** Adds a submission. */
export function withSubmission(rate: SubmissionRate, at: Instant, evidence: Evidence): SubmissionRate {
  const minute = Math.floor(Date.parse(at) / minuteMs)
  const counts = new Map(rate.minutes)
  counts.set(minute, (counts.get(minute) ?? 0) + 1)
  // Clocks of processes differ a little, and one may be wrong by much: what is far from this moment, on either side, goes.
  const minutes = [...counts]
    .filter(([each]) => Math.abs(each - minute) < windowMinutes)
    .sort(([one], [other]) => one - other)
  const most = minutes.reduce((sum, [, submissions]) => sum + submissions, 0)
  const day = at.slice(0, 10)
  const { today, before } = rate
  const isNext = day !== today.day
  return {
    minutes,
    today: isNext ? { day, most } : { day: today.day, most: Math.max(today.most, most) },
    before: isNext && today.day !== '' ? [...before, today.most].slice(-mostDays) : before,
    evidence: [...rate.evidence, evidence].slice(-mostEvidence),
  }
}

/** What is unusual about the submissions of the last minutes; `undefined`: nothing. */
export function burstOfSubmissions({
  minutes,
  before,
}: SubmissionRate): Extract<UnusualFacts, { rule: 'burstOfSubmissions' }> | undefined {
  const submissions = minutes.reduce((sum, [, count]) => sum + count, 0)
  // One exceptional day does not make the next one usual.
  const usual = before.toSorted((one, other) => other - one)[1] ?? 0
  if (submissions < Math.max(fewestOfBurst, timesUsual * usual)) return undefined
  const seen = { submissions, minutes: windowMinutes }
  return { rule: 'burstOfSubmissions', seen, usual: { submissions: usual, days: before.length } }
}
