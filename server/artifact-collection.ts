import type { Logger } from 'pino'
import { type CollectionOptions, collectArtifacts, type NamingLog } from '../artifacts/index.ts'
import type { Sha256Digest } from '../domain/index.ts'
import type { EventLog, LogPosition } from '../event-log/index.ts'

/** Between two collections, in milliseconds. */
const pauseMs = 60 * 60_000
/** After the start, in milliseconds: other things have to be done first. */
const firstPauseMs = 5 * 60_000

/** How long bytes are held that were stored or touched, in milliseconds: far longer than an append may take. */
const holdMs = 60 * 60_000

/** Collects artifacts that nothing names now and then, for as long as the process runs. */
export function startCollection(
  options: Omit<CollectionOptions, 'now' | 'holdMs' | 'signal'> & { readonly logger: Logger },
): {
  readonly close: () => Promise<void>
} {
  const { logger, ...rest } = options
  const closing = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let timer = setTimeout(begin, firstPauseMs)
  timer.unref()

  function begin(): void {
    running = collectOnce().finally(() => {
      if (closing.signal.aborted) return
      timer = setTimeout(begin, pauseMs)
      timer.unref()
    })
  }

  async function collectOnce(): Promise<void> {
    try {
      const collected = await collectArtifacts({ ...rest, now: Date.now, holdMs, signal: closing.signal })
      if (collected !== undefined) logger.info(collected, 'collected artifacts that nothing names')
    } catch (error) {
      if (!closing.signal.aborted)
        logger.error({ err: error }, 'artifacts could not be collected; trying again in an hour')
    }
  }

  return {
    async close() {
      clearTimeout(timer)
      closing.abort()
      await running
    },
  }
}

/**
 * The log as the source of what is named. Every SHA-256 digest in an event's data counts as a name, whatever the event and
 * whatever it is of: so what an event of a later release names is kept by this one too.
 */
export function namingLog(log: Pick<EventLog, 'readAll'>): NamingLog {
  return {
    async *after(position, maxCount) {
      const options = {
        ...(position === undefined ? {} : { after: position as LogPosition }),
        ...(maxCount === undefined ? {} : { maxCount }),
      }
      for await (const events of log.readAll(options))
        yield events.map((event) => ({
          position: event.position,
          eventId: event.id,
          digests: (JSON.stringify(event.data).match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []) as Sha256Digest[],
        }))
    },
  }
}
