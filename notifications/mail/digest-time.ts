import type { Instant } from '../../domain/index.ts'

/** What is put into a digest in its last moments is still in it: it is sent so much later than its hour, in milliseconds. */
export const digestGraceMs = 5 * 60_000

/** The next full hour of this number (UTC) after a moment: when the day's mail is due into which something goes that happens now. */
export function digestDueAfter(now: Instant, hour: number): Instant {
  const at = new Date(now)
  const due = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), hour)
  return new Date(due > at.getTime() ? due : due + 24 * 60 * 60_000).toISOString()
}
