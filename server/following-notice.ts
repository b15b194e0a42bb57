import type { RunningConsumer } from '../event-log/index.ts'

/** After which it is said that following the log is late, in milliseconds. */
const noticeableLagMs = 600_000

/**
 * Says for readiness what is wrong with something that follows the log, if anything is.
 *
 * @param what what does not happen when it stands still, and what is late when it is behind, as sentences begin with it
 */
export function followingNotice(
  following: Pick<RunningConsumer, 'status' | 'behindMs'>,
  what: { readonly standsStill: string; readonly isLate: string },
): string | undefined {
  const status = following.status()
  if (status.state === 'waiting' || status.state === 'failed')
    return `${what.standsStill}: ${status.code}: ${status.message}`
  const behindMs = following.behindMs()
  if (behindMs < noticeableLagMs) return undefined
  return `${what.isLate} behind the event log for ${Math.round(behindMs / 60_000)} minutes.`
}
