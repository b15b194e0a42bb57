import { hash as digest } from 'node:crypto'
import type { LogFault } from './check-appends.ts'
import { type EventLog, EventLogError } from './event-log.ts'
import { isReadable, type LogEntry } from './log-entries.ts'
import { openSpillingMap } from './spilling-map.ts'

/** A comparison of streams with the whole log, which is given every entry of it in its order. */
export type StreamsAudit = {
  readonly take: (entry: LogEntry) => void
  /** Reads every stream that was seen, and answers which of them do not show what the whole log has of them. */
  readonly result: () => Promise<readonly LogFault[]>
}

/** What the whole log has of a stream: how many events, and a digest over their ids in order. */
type Seen = { readonly count: number; readonly ids: string }

/** So many streams are read at the same time. */
const atOnce = 16

/**
 * Compares each stream, as whoever decides reads it, with the whole log. In EventStoreDB an administrator can hide the
 * beginning of a stream, or all of it, which the whole log still has. A stream that is damaged in the whole log already,
 * unreadable or with gaps, is left to those who look there.
 *
 * @param streams where single streams are read
 * @param isWanted which streams matter; all by default
 */
export function startStreamsAudit(
  streams: Pick<EventLog, 'readStream'>,
  isWanted: (streamId: string) => boolean = () => true,
): StreamsAudit {
  const seen = openSpillingMap<Seen>()
  const damaged = new Set<string>()

  function take(entry: LogEntry): void {
    const { streamId, revision, id } = entry
    if (!isReadable(entry)) damaged.add(streamId)
    else if (isWanted(streamId)) follow(streamId, revision, id)
  }

  function follow(streamId: string, revision: number, id: string): void {
    seen.update(streamId, ({ count, ids } = { count: 0, ids: '' }) => {
      if (revision !== count) damaged.add(streamId)
      return { count: count + 1, ids: chained(ids, id) }
    })
  }

  async function compare(streamId: string, { count, ids }: Seen): Promise<LogFault | undefined> {
    let shown = ''
    let last = -1
    try {
      // What was appended since is no matter of this audit.
      for await (const events of streams.readStream(streamId, { maxCount: count }))
        for (const event of events) {
          shown = chained(shown, event.id)
          last = event.revision
        }
    } catch (error) {
      if (!(error instanceof EventLogError) || error.code !== 'EVENT_LOG_CORRUPT') throw error
      return { kind: 'hidden', streamId, revision: 0, eventId: null, reason: error.message }
    }
    if (shown === ids) return undefined
    const reason =
      last + 1 < count
        ? `The whole log has ${count} events of it, the stream shows ${last + 1}.`
        : 'The stream shows other events than the whole log.'
    return { kind: 'hidden', streamId, revision: last + 1, eventId: null, reason }
  }

  return {
    take,
    async result() {
      const found: LogFault[] = []
      const left = seen.entries()
      async function work(): Promise<void> {
        for (const [streamId, whole] of left) {
          if (damaged.has(streamId)) continue
          const fault = await compare(streamId, whole)
          if (fault !== undefined) found.push(fault)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, work))
      seen.close()
      return found
    },
  }
}

function chained(ids: string, id: string): string {
  return digest('sha256', ids + id, 'base64')
}
