import { unreachable } from './call-service.ts'

/** A transfer, and what ends it when nothing passes any more. */
export type SilenceWatch = {
  /** Aborted by the caller's own signal, or, with `SERVER_UNREACHABLE` as its reason, after the longest silence. */
  readonly signal: AbortSignal
  /** Something passed: the silence begins anew. */
  heard(): void
  /** Lets go of the clock. */
  end(): void
}

/** After which a transfer is given up when not a byte passes, in milliseconds. The service has a whole file to store. */
export const longestTransferSilenceMs = 120_000

/**
 * Watches a call of which nobody can say how long it may take, but that is over when nothing is heard for so long: a
 * server that took a connection and says nothing must not hold a CI job for ever.
 *
 * @param longestMs milliseconds without a sign of life
 */
export function watchSilence(server: URL, longestMs: number, signal: AbortSignal): SilenceWatch {
  const silence = new AbortController()
  const giveUp = () =>
    silence.abort(unreachable(server, new DOMException(`Nothing came for ${longestMs} ms.`, 'TimeoutError')))
  let timer = setTimeout(giveUp, longestMs)
  return {
    signal: AbortSignal.any([signal, silence.signal]),
    heard() {
      clearTimeout(timer)
      timer = setTimeout(giveUp, longestMs)
    },
    end: () => clearTimeout(timer),
  }
}
