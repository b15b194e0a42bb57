import { type Delay, nextTryOf } from '../domain/index.ts'

/** A request that waits for its submitter to upload what was announced is no matter of whoever runs the service. */
const ofSubmitters = 'UPLOAD_AWAITED'

/**
 * What readiness says of requests that wait for no decision of people: why, how many, since when, and when the next of
 * them is tried again. `undefined` when there is none.
 *
 * @param delays those that wait longest first
 * @param now milliseconds since the epoch
 */
export function delayNote(delays: readonly Delay[], now: number): string | undefined {
  const ofService = delays.filter(({ failure }) => failure.code !== ofSubmitters)
  if (ofService.length === 0) return undefined
  const byCode = Map.groupBy(ofService, ({ failure }) => failure.code)
  return [...byCode].map(([code, those]) => `${code}: ${textOf(those, now)}`).join(' ')
}

function textOf(delays: readonly Delay[], now: number): string {
  const [first] = delays
  const tries = delays.flatMap((delay) => nextTryOf(delay, now) ?? [])
  const next = tries.length === 0 ? 'as soon as somebody takes them up' : new Date(Math.min(...tries)).toISOString()
  const who = delays.length === 1 ? '1 request waits' : `${delays.length} requests wait`
  return `${who} since ${first?.since}, next try ${next}. ${first?.failure.message}`
}
