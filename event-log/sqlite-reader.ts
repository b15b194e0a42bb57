import { isUtf8 } from 'node:buffer'
import type { EventMetadata } from '../domain/index.ts'
import { isSqliteBusy, retry } from '../retry/index.ts'
import { EventLogError, type StreamRevisions } from './event-log.ts'
import type { LogEntry } from './log-entries.ts'
import { isJsonObject } from './serialise.ts'
import { type SqliteFile, sqliteFailure } from './sqlite-file.ts'
import { encodeSqlitePosition } from './sqlite-position.ts'
import { prepareAudit, type SqliteBatch } from './sqlite-stored-rows.ts'
import type { HiddenEvent } from './stored-row.ts'
import { type StoredForm, StoredText } from './stored-text.ts'

/**
 * A batch ends at this many events or characters of JSON, whichever comes first: less than a millisecond of work, and so
 * little memory that it is young when it is garbage.
 */
const batchLimit = { events: 200, characters: 1024 * 1024 }

/** Events in order, and whether the range held no more of them at the moment of the read. */
export type Batch = { readonly events: readonly LogEntry[]; readonly exhausted: boolean }

/** Reads committed events. Each call is one short read of one snapshot: nothing stays open between batches. */
export type SqliteReader = {
  /** Events after row `after` up to row `upTo` inclusive. */
  all(after: number, upTo: number, maxCount: number): Promise<Batch>
  /** Events of a stream from revision `from` to revision `to` inclusive; backwards when `from` is the larger. */
  stream(streamId: string, from: number, to: number, maxCount: number): Promise<Batch>
  /** Last revision of a stream, −1 when it does not exist. */
  lastRevision(streamId: string): Promise<number>
  /** Last revisions of several streams. */
  lastRevisions(streamIds: readonly string[]): Promise<StreamRevisions>
  /** Row of the newest event, 0 when there is none. */
  head(): Promise<number>
  /**
   * What {@link SqliteReader.all} gives, unparsed, and which of it the index of streams does not lead to: reads of its stream
   * do not show that.
   */
  stored(after: number, upTo: number): Promise<SqliteBatch>
  /** Entries of the index of streams that lead to no event of theirs, up to row `upTo`, which holds `events` of them. */
  strayEntries(upTo: number, events: number): Promise<readonly HiddenEvent[]>
}

type Row = [
  position: number,
  streamId: string,
  revision: number,
  id: string,
  type: string,
  data: string,
  metadata: string,
]

/**
 * @param file the open log
 * @param timeoutMs how long a read waits while another process recovers the file, in milliseconds
 */
export function createSqliteReader(file: SqliteFile, timeoutMs: number): SqliteReader {
  const columns = 'position, stream_id, revision, id, type, data, metadata'
  const select = (rest: string) => {
    const statement = file.reader.prepare(`SELECT ${columns} FROM events WHERE ${rest} LIMIT ?`)
    // Arrays are read half as fast again as objects.
    statement.setReturnArrays(true)
    return (parameters: (string | number)[], maxCount: number) => {
      const limit = Math.min(maxCount, batchLimit.events)
      return whenFree(() =>
        collect(statement.iterate(...parameters, limit) as unknown as Iterable<Row>, limit, asBytes),
      )
    }
  }
  const bytes = file.reader.prepare(
    'SELECT CAST(data AS BLOB) AS data, CAST(metadata AS BLOB) AS metadata FROM events WHERE position = ?',
  )
  const asBytes = (position: number): StoredForm => {
    const row = bytes.get(position) as { readonly data: Uint8Array; readonly metadata: Uint8Array }
    return { data: new StoredText(row.data), metadata: new StoredText(row.metadata) }
  }
  const selectAll = select('position > ? AND position <= ? ORDER BY position')
  const selectForwards = select('stream_id = ? AND revision >= ? AND revision <= ? ORDER BY revision')
  const selectBackwards = select('stream_id = ? AND revision <= ? AND revision >= ? ORDER BY revision DESC')
  const lastRevision = file.reader.prepare('SELECT max(revision) AS revision FROM events WHERE stream_id = ?')
  const lastRevisions = file.reader.prepare(
    `SELECT value, (SELECT max(revision) FROM events WHERE stream_id = value) FROM json_each(?)`,
  )
  lastRevisions.setReturnArrays(true)
  const head = file.reader.prepare('SELECT max(position) AS position FROM events')
  const audit = prepareAudit(file)

  async function whenFree<T>(read: () => T): Promise<T> {
    try {
      return await retry(read, {
        backoff: { first: 5, longest: 5 },
        limitMs: (error) => (file.reader.isOpen && isSqliteBusy(error) ? timeoutMs : 0),
      })
    } catch (error) {
      if (!file.reader.isOpen) throw new EventLogError('EVENT_LOG_CLOSED', 'The event log was closed.')
      throw sqliteFailure(error, `Cannot read ${file.path}`)
    }
  }

  return {
    all: (after, upTo, maxCount) => selectAll([after, upTo], maxCount),
    stream: (streamId, from, to, maxCount) =>
      from <= to ? selectForwards([streamId, from, to], maxCount) : selectBackwards([streamId, from, to], maxCount),
    lastRevision: (streamId) => whenFree(() => (lastRevision.get(streamId)?.revision ?? -1) as number),
    lastRevisions: (streamIds) =>
      whenFree(() => {
        const rows = lastRevisions.all(JSON.stringify(streamIds)) as unknown as [string, number | null][]
        return new Map(rows.map(([streamId, revision]) => [streamId, revision ?? 'noStream']))
      }),
    head: () => whenFree(() => (head.get()?.position ?? 0) as number),
    stored: (after, upTo) => whenFree(() => audit().stored(after, upTo, asBytes)),
    strayEntries: (upTo, events) => whenFree(() => audit().strayEntries(upTo, events)),
  }
}

function collect(rows: Iterable<Row>, limit: number, asBytes: (position: number) => StoredForm): Batch {
  const events: LogEntry[] = []
  let characters = 0
  for (const row of rows) {
    events.push(readEvent(row, asBytes))
    characters += row[5].length + row[6].length
    if (characters >= batchLimit.characters) return { events, exhausted: false }
  }
  return { events, exhausted: events.length < limit }
}

function readEvent(row: Row, asBytes: (position: number) => StoredForm): LogEntry {
  const [position, streamId, revision, id, type, data, metadata] = row
  const place = { id, type, streamId, revision, position: encodeSqlitePosition(position) }
  // SQLite's driver gives U+FFFD for bytes that are no UTF-8.
  if (data.includes('\ufffd') || metadata.includes('\ufffd')) {
    const stored = asBytes(position)
    if (!isUtf8(stored.data.bytes)) return { ...place, stored, reason: 'Its data is not UTF-8.' }
    if (!isUtf8(stored.metadata.bytes)) return { ...place, stored, reason: 'Its metadata is not UTF-8.' }
  }
  const read = { data: parse(data), metadata: parse(metadata) as EventMetadata | undefined }
  const stored = { data: new StoredText(data, read.data), metadata: new StoredText(metadata, read.metadata) }
  if (read.data === undefined) return { ...place, stored, reason: 'Its data is not a JSON object.' }
  if (read.metadata === undefined) return { ...place, stored, reason: 'Its metadata is not a JSON object.' }
  return { ...place, stored, data: read.data, metadata: read.metadata }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
