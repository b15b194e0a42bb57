import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds between two looks. */
const [shortestPauseMs, longestPauseMs] = [20, 200]

/**
 * Waits until `condition` gives something other than `undefined`, `null` or `false`, and returns that. It pauses for three times as
 * long as the look took, within bounds: what takes long, such as a call of the service, would else keep what is waited for from the
 * processor.
 *
 * @throws Error naming `what` when it has not come about in time
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  withinMs = 20_000,
): Promise<Exclude<Awaited<T>, undefined | null | false>> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const began = performance.now()
    const found = await condition()
    if (found !== undefined && found !== null && found !== false) {
      return found as Exclude<Awaited<T>, undefined | null | false>
    }
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`)
    await delay(Math.min(Math.max(3 * (performance.now() - began), shortestPauseMs), longestPauseMs))
  }
}
