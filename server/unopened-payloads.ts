import type { Logger } from 'pino'
import type { UnopenedCode } from '../workflows/unopened.ts'
import type { OnUnopened } from './payload-codec.ts'

/** Payloads with one code are logged in one line within this time, in milliseconds. */
const lineEveryMs = 60_000

/**
 * Records payloads that were not opened: one line a minute for each code at the most, since whoever can reach Temporal
 * decides how many there are. A line says how many it stands for.
 */
export function recordUnopened(logger: Pick<Logger, 'warn'>, now: () => number = () => performance.now()): OnUnopened {
  const lines = new Map<UnopenedCode, { readonly at: number; silent: number }>()
  return (code, place) => {
    const last = lines.get(code)
    if (last !== undefined && now() - last.at < lineEveryMs) {
      last.silent += 1
      return
    }
    lines.set(code, { at: now(), silent: 0 })
    const payloads = (last?.silent ?? 0) + 1
    logger.warn({ code, payloads, place }, 'what came through Temporal was not sealed by this service for its place')
  }
}
