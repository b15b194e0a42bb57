import { unreachable } from './call-service.ts'

/** Ends a call over which nothing is transferred any more. */
export type SilenceWatch = {
  /** Aborted by the caller's own signal, or, with `SERVER_UNREACHABLE` as its reason, after the longest silence. */
  readonly signal: AbortSignal
  /** Something was transferred: the time begins anew. */
  restart(): void
  /** Stops the timer. */
  end(): void
}

/** How long a transfer may go without a byte before it is given up, in milliseconds: the service may be storing a whole file. */
export const longestTransferSilenceMs = 120_000

/**
 * Watches a call that may take any time as long as something is transferred. A server that takes a connection and then
 * sends nothing must not hold a CI job for ever.
 *
 * @param longestMs milliseconds without a transfer
 */
export function watchSilence(server: URL, longestMs: number, signal: AbortSignal): SilenceWatch {
  const silence = new AbortController()
  const giveUp = () =>
    silence.abort(unreachable(server, new DOMException(`Nothing came for ${longestMs} ms.`, 'TimeoutError')))
  let timer = setTimeout(giveUp, longestMs)
  return {
    signal: AbortSignal.any([signal, silence.signal]),
    restart() {
      clearTimeout(timer)
      timer = setTimeout(giveUp, longestMs)
    },
    end: () => clearTimeout(timer),
  }
}
