import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until `condition` gives something other than `undefined`, `null` or `false`, and returns that.
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
    const found = await condition()
    if (found !== undefined && found !== null && found !== false) {
      return found as Exclude<Awaited<T>, undefined | null | false>
    }
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`)
    await delay(20)
  }
}
