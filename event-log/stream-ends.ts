import { DatabaseSync } from 'node:sqlite'
import { parseStreamName, type StreamKind } from '../domain/index.ts'
import { type EventLog, EventLogError, type LogPosition, type RecordedEvent } from './event-log.ts'
import { sqliteFailure } from './sqlite-file.ts'

/**
 * How far streams have been seen, kept outside of the event store: who can write there can remove a stream's end, and
 * nothing in the stream shows it.
 */
export type StreamEnds = {
  /**
   * Asked before a stream is read; the answer compares the whole of what was read with what had been seen then. What another
   * reader sees meanwhile is not missed in it.
   *
   * @throws EventLogError `EVENT_LOG_UNTRUSTED`, from the answer, when an end that was seen is gone; `EVENT_LOG_UNAVAILABLE`
   */
  beforeReading(streamId: string): (events: readonly RecordedEvent[]) => void
  /**
   * Remembers a stream's end.
   *
   * @param events the whole stream, verified: what is remembered must not be forged, or its removal would be missed for ever
   * @throws EventLogError `EVENT_LOG_UNAVAILABLE`
   */
  keep(streamId: string, events: readonly RecordedEvent[]): void
  /** Up to where the log has been followed; `undefined` before the first time. */
  readonly followed: () => LogPosition | undefined
  readonly setFollowed: (position: LogPosition) => void
  readonly close: () => void
}

/** Streams whose last events may take back what earlier ones gave. The others say only what has happened to something. */
const keptKinds: ReadonlySet<StreamKind> = new Set([
  'user',
  'key',
  'group',
  'certificate',
  'artifactConfiguration',
  'signingPolicy',
  'project',
  'processKey',
  'trustedBuildSystem',
  'signingRequest',
])

/** What ends a request or takes something back from it; other events of requests only lead on. */
const withdrawing = new Set([
  'ApprovalInvalidated',
  'ApprovalDenied',
  'ApprovalExpired',
  'SigningRequestCanceled',
  'SigningRequestFailed',
])

/** Whether the end of a stream at this event is worth keeping. */
export function isKeptEnd({ streamId, type }: Pick<RecordedEvent, 'streamId' | 'type'>): boolean {
  const kind = parseStreamName(streamId)?.kind
  return kind !== undefined && keptKinds.has(kind) && (kind !== 'signingRequest' || withdrawing.has(type))
}

/** Opens the file that they are kept in; it is made when it is not there. Without a path they are kept in memory. */
export function openStreamEnds(path = ':memory:'): StreamEnds {
  const failed = (error: unknown) => sqliteFailure(error, `The ends of streams cannot be kept in ${path}`)
  const database = attempt(() => {
    const opened = new DatabaseSync(path, { timeout: 1_000 })
    opened.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS ends (stream_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, event_id TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS followed (id INTEGER PRIMARY KEY CHECK (id = 1), position TEXT NOT NULL)`)
    return opened
  })
  const find = database.prepare('SELECT revision, event_id FROM ends WHERE stream_id = ?')
  const keep = database.prepare(`INSERT INTO ends (stream_id, revision, event_id) VALUES (?, ?, ?)
    ON CONFLICT (stream_id) DO UPDATE SET revision = excluded.revision, event_id = excluded.event_id WHERE excluded.revision > ends.revision`)
  const findFollowed = database.prepare('SELECT position FROM followed')
  const keepFollowed = database.prepare(
    'INSERT INTO followed (id, position) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET position = excluded.position',
  )

  function attempt<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw failed(error)
    }
  }

  function seenOf(streamId: string): { readonly revision: number; readonly event_id: string } | undefined {
    return attempt(() => find.get(streamId)) as { revision: number; event_id: string } | undefined
  }

  return {
    beforeReading(streamId) {
      const seen = seenOf(streamId)
      return (events) => {
        if (seen === undefined || events[seen.revision]?.id === seen.event_id) return
        throw new EventLogError(
          'EVENT_LOG_UNTRUSTED',
          `${streamId} had the event ${seen.event_id} at revision ${seen.revision}, which this process saw there and which is gone. Restore the log; if it was restored from an older backup on purpose, remove ${path} once its loss is understood.`,
        )
      }
    },
    keep(streamId, events) {
      const last = events.findLast(isKeptEnd)
      if (last === undefined) return
      // Every decision reads the same streams again: finding an end that is known costs less than writing what changes nothing.
      const seen = seenOf(streamId)
      if (seen === undefined || seen.revision < last.revision) attempt(() => keep.run(streamId, last.revision, last.id))
    },
    followed: () => attempt(() => findFollowed.get()?.position as LogPosition | undefined),
    setFollowed: (position) => void attempt(() => keepFollowed.run(position)),
    close: () => database.close(),
  }
}

/** Streams of a log, whole, for what is read without its signatures being checked: each must reach as far as was seen. */
export function withKnownEnds(log: Pick<EventLog, 'readStream'>, ends: StreamEnds): Pick<EventLog, 'readStream'> {
  return {
    async *readStream(streamId) {
      const check = ends.beforeReading(streamId)
      const events: RecordedEvent[] = []
      for await (const batch of log.readStream(streamId)) events.push(...batch)
      check(events)
      yield events
    },
  }
}
