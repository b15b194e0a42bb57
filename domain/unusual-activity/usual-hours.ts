import type { Instant } from '../event.ts'
import type { UnusualFacts } from './events.ts'

/** At which hours of the day (UTC) something is used. */
export type UsualHours = {
  /** How often, by the hour: 24 numbers. */
  readonly uses: readonly number[]
  /** On how many days. */
  readonly days: number
  /** The newest of these days. */
  readonly lastDay: string
}

/** Before so many uses, on so many days, no hour can be called unusual. */
const fewest = { uses: 20, days: 5 }
/** When there are so many, all numbers are halved: what is usual may change. */
const mostUses = 2_000
/** An hour is unusual when less than this part of the uses falls on it or on the hour before or after. */
const smallestShare = 1 / 100

/** Nothing is known yet. */
export const noHours: UsualHours = { uses: Array<number>(24).fill(0), days: 0, lastDay: '' }

/** Adds a use. */
export function withUse({ uses, days, lastDay }: UsualHours, at: Instant): UsualHours {
  const hour = hourOf(at)
  const day = at.slice(0, 10)
  const added = uses.map((count, each) => (each === hour ? count + 1 : count))
  return {
    uses: total(added) < mostUses ? added : added.map((count) => Math.floor(count / 2)),
    days: day === lastDay ? days : days + 1,
    lastDay: day,
  }
}

/** Whether enough is known to call an hour unusual. */
export function knowsHours({ uses, days }: UsualHours): boolean {
  return total(uses) >= fewest.uses && days >= fewest.days
}

/** What is unusual about a use at this moment; `undefined`: nothing, or nobody can say. */
export function unusualHour(
  usual: UsualHours,
  of: 'signingPolicy' | 'organization',
  at: Instant,
): Extract<UnusualFacts, { rule: 'unusualHour' }> | undefined {
  if (!knowsHours(usual)) return undefined
  const hour = hourOf(at)
  const uses = total(usual.uses)
  const around = [hour + 23, hour, hour + 1].reduce((sum, each) => sum + (usual.uses[each % 24] ?? 0), 0)
  if (around >= uses * smallestShare) return undefined
  const hours = usual.uses.flatMap((count, each) => (count >= uses * smallestShare ? [each] : []))
  return { rule: 'unusualHour', seen: { hour }, usual: { hours, uses, of } }
}

function hourOf(at: Instant): number {
  return Number(at.slice(11, 13))
}

function total(uses: readonly number[]): number {
  return uses.reduce((sum, count) => sum + count, 0)
}
