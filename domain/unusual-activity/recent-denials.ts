import type { Instant } from '../event.ts'
import type { Evidence, UnusualFacts } from './events.ts'

/** The denials of the last hour, of one submitter's requests or of one policy's. */
export type RecentDenials = readonly (Evidence & { readonly at: Instant })[]

const windowMinutes = 60
/** So many denials within an hour are repeated ones. */
const fewestRepeated = 3
/** So many are kept. */
const mostKept = 20

/** Adds a denial. */
export function withDenial(denials: RecentDenials, at: Instant, { eventId, streamId }: Evidence): RecentDenials {
  const all = [...denials, { eventId, streamId, at }].toSorted(
    (one, other) => Date.parse(one.at) - Date.parse(other.at),
  )
  const isNear = (each: { readonly at: Instant }) =>
    Math.abs(Date.parse(each.at) - Date.parse(at)) < windowMinutes * 60_000
  return all.filter(isNear).slice(-mostKept)
}

/** What is unusual about the denials of the last hour; `undefined`: nothing. */
export function repeatedDenials(
  denials: RecentDenials,
): Extract<UnusualFacts, { rule: 'repeatedDenials' }> | undefined {
  if (denials.length < fewestRepeated) return undefined
  const seen = { denials: denials.length, minutes: windowMinutes }
  return { rule: 'repeatedDenials', seen, usual: { denials: fewestRepeated - 1 } }
}
