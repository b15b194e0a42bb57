const first = 500
const longest = 60_000

/**
 * How long to wait before a step that failed for a passing reason is tried again, in milliseconds: doubled each time, up
 * to a minute, and never sooner than whoever failed asked for.
 *
 * @param failures how often it has failed before
 */
export function retryPause(failures: number, { retryAfterMs }: { readonly retryAfterMs: number }): number {
  return Math.max(Math.min(first * 2 ** failures, longest), retryAfterMs)
}
