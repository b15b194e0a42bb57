import {
  type ApiTokenId,
  apiTokenUseDecider,
  dayOf,
  fold,
  type Instant,
  isApiTokenUseKnown,
  streams,
} from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, readWholeStream } from '../event-log/index.ts'
import { type Caller, metadataFor } from './caller.ts'

/** Records when API tokens were last used, to the day. */
export interface ApiTokenUses {
  /** Takes note of a call. Whoever calls does not wait for it, and it never fails. */
  note(caller: Caller): void
  /** Waits until everything that was noted is recorded, or could not be. Nothing may be noted afterwards. */
  close(): Promise<void>
}

/** So many tokens of one day are remembered as recorded; of more, the log is asked again. */
const mostRemembered = 50_000
/** After the log failed, nothing is recorded for so long, in milliseconds. */
const pauseMs = 60_000

/**
 * Opens the record. Of the uses of a token on one day (UTC) one is recorded, by whichever process sees one first: others find it
 * in the token's own stream, or remember it. So a token costs one event a day, however often it is used.
 *
 * @param onError called with what the log did not take; that use is recorded by a later call
 */
export function openApiTokenUses({
  log,
  now,
  onError,
}: {
  readonly log: EventLog
  readonly now: () => Instant
  readonly onError: (error: unknown) => void
}): ApiTokenUses {
  let day = ''
  let pausedUntil = 0
  const recorded = new Set<ApiTokenId>()
  const underWay = new Set<Promise<void>>()

  async function record(caller: Caller, tokenId: ApiTokenId, at: Instant): Promise<void> {
    const streamId = streams.apiTokenUse(tokenId)
    const command = { type: 'RecordApiTokenUse', userId: caller.userId, tokenId, at } as const
    try {
      await appendDecided(
        log,
        async () => ({ streamId, ...(await readWholeStream(log, streamId)) }),
        ({ events, revision }) => {
          const state = fold(apiTokenUseDecider, events)
          if (isApiTokenUseKnown(state, at)) return []
          return prepareEvents(streamId, revision, apiTokenUseDecider.decide(command, state), metadataFor(caller, at))
        },
      )
    } catch (error) {
      recorded.delete(tokenId)
      pausedUntil = performance.now() + pauseMs
      onError(error)
    }
  }

  return {
    note(caller) {
      const { authentication } = caller
      if (authentication.method !== 'apiToken' || performance.now() < pausedUntil) return
      const at = now()
      if (dayOf(at) !== day || recorded.size >= mostRemembered) recorded.clear()
      day = dayOf(at)
      const { tokenId } = authentication
      if (recorded.has(tokenId)) return
      recorded.add(tokenId)
      const recording = record(caller, tokenId, at).finally(() => underWay.delete(recording))
      underWay.add(recording)
    },
    close: async () => void (await Promise.all(underWay)),
  }
}
