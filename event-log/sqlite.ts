import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { checkAppendTarget, checkMaxCount, checkReadStream } from './check-arguments.ts'
import {
  EventLogError,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StreamRevisions,
  type SubscribeOptions,
  type SubscriptionBatch,
} from './event-log.ts'
import { deliver, isReadable, isUnreadable, requireReadable } from './log-entries.ts'
import { serialiseEvents } from './serialise.ts'
import { createSqliteChanges } from './sqlite-changes.ts'
import { openSqliteFile, openTemporarySqliteFile, type SqliteFile } from './sqlite-file.ts'
import { decodeSqlitePosition, encodeSqlitePosition } from './sqlite-position.ts'
import { type Batch, createSqliteReader } from './sqlite-reader.ts'
import { createSqliteWriter } from './sqlite-writer.ts'
import type { AuditableLog, StoredBatch } from './stored-row.ts'
import { type MissingRevisions, missingFailure, watchOrder } from './stream-order.ts'

/** Where the embedded log lives. */
export type SqliteEventLogOptions = {
  /** A file on a local disk, in a folder that exists; made when it does not exist. */
  readonly path: string
  /** How long a call waits for locks of other processes before `EVENT_LOG_UNAVAILABLE`. Default: 10,000 ms. */
  readonly timeoutMs?: number
  /**
   * How much of the file is kept in memory for reads, in KiB. Default: 8,192, enough for the inner pages of the indexes, which
   * is all that following the log and reading a stream now and then needs.
   */
  readonly readerCacheKibibytes?: number
}

/**
 * Opens the embedded event log: one SQLite file (WAL, `synchronous=FULL`) that any number of processes on one machine may
 * use at once. An append answers after its commit was flushed to the disk, by a thread of the log's own; a subscriber in
 * another process sees it within 100 ms. A local file does not go away, so a subscription ends with an error only when the
 * file cannot be read.
 *
 * @throws EventLogError `EVENT_LOG_UNAVAILABLE` when the file cannot be opened, `EVENT_LOG_NOT_A_LOG` when it is something
 *   else, `EVENT_LOG_SCHEMA_UNKNOWN` when a newer release made it, `EVENT_LOG_CORRUPT` when it is damaged
 */
export function openSqliteEventLog(options: SqliteEventLogOptions): AuditableLog {
  const { path, timeoutMs = 10_000, readerCacheKibibytes = 8_192 } = options
  return sqliteLog(openSqliteFile(path, readerCacheKibibytes), timeoutMs)
}

/**
 * Makes a log in a temporary file without a name, for reading what is written through `database`; it takes no appends.
 */
export function openTemporarySqliteLog(): { readonly log: AuditableLog; readonly database: DatabaseSync } {
  const file = openTemporarySqliteFile()
  const append = async () => {
    throw new EventLogError(
      'EVENT_LOG_ACCESS_DENIED',
      'A temporary log is filled by who made it, and takes no appends.',
    )
  }
  return { log: { ...sqliteLog(file, 0), append }, database: file.reader }
}

function sqliteLog(file: SqliteFile, timeoutMs: number): AuditableLog {
  const { path } = file
  const reader = createSqliteReader(file, timeoutMs)
  const changes = createSqliteChanges(file)
  const writer = createSqliteWriter({ path, timeoutMs, committed: changes.notify })
  let closing: Promise<void> | undefined
  let readLast: { readonly position: number; readonly mark: number; readonly batch: Promise<Batch> } | undefined

  function checkOpen(): void {
    if (closing !== undefined) throw new EventLogError('EVENT_LOG_CLOSED', `The event log ${path} was closed.`)
  }

  async function* readStream(
    streamId: string,
    options: ReadStreamOptions = {},
  ): AsyncGenerator<readonly RecordedEvent[]> {
    checkOpen()
    checkReadStream(options)
    const { direction = 'forwards', fromRevision, maxCount = Number.MAX_SAFE_INTEGER } = options
    const step = direction === 'forwards' ? 1 : -1
    let end = step === 1 ? farthest : 0
    let next = fromRevision ?? (step === 1 ? 0 : farthest)
    const order = watchOrder(options)
    for (let left = maxCount; left > 0 && (end - next) * step >= 0; ) {
      checkOpen()
      const { events, exhausted } = await reader.stream(streamId, next, end, left)
      if (events.length === 0) break
      // What is appended from here on does not belong to this read.
      if (end === farthest && !exhausted && events.length < left) end = await reader.lastRevision(streamId)
      const readable = events.map(requireReadable)
      for (const { revision } of readable) refuseMissing(streamId, order.next(revision))
      yield readable
      left -= events.length
      next = (readable.at(-1)?.revision ?? end) + step
      await eventLoopTurn()
      if (exhausted) break
    }
    refuseMissing(streamId, order.end())
  }

  async function lastRevisions(streamIds: readonly string[]): Promise<StreamRevisions> {
    checkOpen()
    return reader.lastRevisions(streamIds)
  }

  async function* readAll(options: ReadAllOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    checkOpen()
    checkMaxCount(options)
    let after =
      options.from === undefined ? decodeSqlitePosition(options.after) : decodeSqlitePosition(options.from) - 1
    const head = await reader.head()
    for (let left = options.maxCount ?? Number.MAX_SAFE_INTEGER; left > 0 && after < head; ) {
      checkOpen()
      const { events } = await reader.all(after, head, left)
      const last = events.at(-1)
      if (last === undefined) return
      yield* deliver(events, options.onUnreadable)
      left -= events.filter(isReadable).length
      after = decodeSqlitePosition(last.position)
      await eventLoopTurn()
    }
  }

  async function* readStored(): AsyncGenerator<StoredBatch> {
    checkOpen()
    const head = await reader.head()
    let events = 0
    for (let after = 0; after < head; ) {
      checkOpen()
      const { rows, hidden, last } = await reader.stored(after, head)
      if (rows.length === 0) break
      yield { rows, hidden }
      events += rows.length
      after = last
      await eventLoopTurn()
    }
    const hidden = await reader.strayEntries(head, events)
    if (hidden.length > 0) yield { rows: [], hidden }
  }

  async function* subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<SubscriptionBatch> {
    checkOpen()
    let position = decodeSqlitePosition(after)
    let reportedCaughtUp = false
    while (!signal.aborted && closing === undefined) {
      const mark = changes.mark()
      const { events: all, exhausted } = await readBehind(position, mark)
      const last = all.at(-1)
      if (last !== undefined || !reportedCaughtUp) {
        position = last === undefined ? position : decodeSqlitePosition(last.position)
        reportedCaughtUp = exhausted
        const events = all.filter(isReadable)
        const unreadable = events.length === all.length ? [] : all.filter(isUnreadable)
        yield { events, unreadable, caughtUp: exhausted }
        await eventLoopTurn()
      }
      if (exhausted) await changes.since(mark, signal)
    }
  }

  /** Followers are woken together and mostly stand at the same place: one of them reads for all. */
  function readBehind(position: number, mark: number): Promise<Batch> {
    if (readLast?.position === position && readLast.mark === mark) return readLast.batch
    const batch = reader.all(position, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    const read = { position, mark, batch }
    readLast = read
    batch.catch(() => {
      if (readLast === read) readLast = undefined
    })
    return batch
  }

  async function close(): Promise<void> {
    await writer.close()
    changes.notify()
    file.reader.close()
    if (file.maker !== file.reader) file.maker.close()
  }

  return {
    append: async (streamId, events, expectedRevision) => {
      checkOpen()
      checkAppendTarget(streamId, expectedRevision)
      return writer.append(streamId, serialiseEvents(events), expectedRevision)
    },
    readStream,
    lastRevisions,
    readAll,
    readStored,
    subscribe,
    head: async () => {
      checkOpen()
      const position = await reader.head()
      return position === 0 ? undefined : encodeSqlitePosition(position)
    },
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Beyond the end of every stream. */
const farthest = Number.MAX_SAFE_INTEGER

function refuseMissing(streamId: string, missing: MissingRevisions | undefined): void {
  if (missing !== undefined) throw missingFailure(streamId, missing, 'They are no longer in the file.')
}
