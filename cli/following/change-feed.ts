import { keepRunning, pause } from '../../retry/index.ts'
import { CliError } from '../cli-error.ts'
import type { Connection } from '../connection/connection.ts'
import type { TypedDocument } from '../connection/graphql.ts'
import { watchSilence } from '../connection/silence.ts'
import { subscribe } from '../connection/subscribe.ts'

/** Says when to look again. */
export type ChangeFeed = {
  /**
   * Resolves when something may have changed since the last call: the subscription said so, or began anew, or nothing
   * came for so long that the state has to be asked for.
   *
   * @throws the signal's reason
   */
  next(): Promise<void>
}

/** How long the feed waits, in milliseconds. */
export type FeedPace = {
  /** Between looks where subscriptions do not get through. */
  readonly pollMs: number
  /** Between looks while a subscription stands and says nothing. */
  readonly quietMs: number
  /** After which a subscription without any sign of life is given up; the service sends one every 12 seconds. */
  readonly silentMs: number
}

/** Live where it can be, every two seconds where it cannot. */
export const usualPace: FeedPace = { pollMs: 2_000, quietMs: 30_000, silentMs: 45_000 }

/**
 * Opens a feed of changes. The subscription only wakes: what changed is for the caller to ask, so nothing is lost in
 * the gap between two connections. When it breaks it begins anew; where it does not get through, the feed wakes at
 * regular times instead.
 *
 * @param signal ends the feed and what it does in the background
 */
export function openChangeFeed<Variables>(
  connection: Connection,
  document: TypedDocument<unknown, Variables>,
  variables: Variables,
  signal: AbortSignal,
  pace: FeedPace = usualPace,
): ChangeFeed {
  let changed = false
  let live = true
  let wake = () => {}
  const mark = () => {
    changed = true
    wake()
  }

  async function listenOnce(): Promise<void> {
    const silence = watchSilence(connection.server, pace.silentMs, signal)
    try {
      let first = true
      for await (const said of subscribe(connection, document, variables, silence.signal)) {
        silence.restart()
        if (said !== 'alive' || first) mark()
        first = false
      }
    } finally {
      silence.end()
      // Whatever ended it, the caller looks, and meets the error itself if it lasts.
      mark()
    }
  }

  void keepRunning(listenOnce, {
    backoff: { first: pace.pollMs / 2, longest: pace.pollMs / 2 },
    signal,
    onFailure(error) {
      live = !(error instanceof CliError && error.code === 'SUBSCRIPTION_UNAVAILABLE')
      return live ? 'again' : 'end'
    },
  })
  return {
    async next() {
      if (!changed) {
        const woken = new AbortController()
        wake = () => woken.abort()
        await pause(live ? pace.quietMs : pace.pollMs, AbortSignal.any([signal, woken.signal]))
        wake = () => {}
      }
      if (signal.aborted) throw signal.reason
      changed = false
    },
  }
}
