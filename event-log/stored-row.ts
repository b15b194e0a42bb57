import { isUtf8 } from 'node:buffer'
import type { EventMetadata } from '../domain/index.ts'
import type { EventLog, LogPosition, UnreadableEvent } from './event-log.ts'
import { isReadable, type LogEntry } from './log-entries.ts'
import { isJsonObject } from './serialise.ts'
import { StoredText } from './stored-text.ts'

/**
 * An event as its store has it, nothing parsed, in a form that another thread is given at little cost. Data and metadata are
 * bytes where they are no UTF-8. With a reason it is none of this log, whatever they are.
 */
export type StoredRow = [
  position: LogPosition,
  streamId: string,
  revision: number,
  id: string,
  type: string,
  data: string | Uint8Array,
  metadata: string | Uint8Array,
  reason?: string,
]

/** A row whose parts are one text (`joined-row.ts`), or one by one. */
export type AnyRow = string | StoredRow

/** Rows of a log in their order, and what the log itself finds wrong between its order and its streams. */
export type StoredBatch = {
  readonly rows: readonly AnyRow[]
  /** Events that a read of their stream does not show, or that it shows and the whole log has not. */
  readonly hidden: readonly HiddenEvent[]
}

/** An event that stands in the whole log or in its stream, and not in both. */
export type HiddenEvent = Pick<UnreadableEvent, 'streamId' | 'revision' | 'reason'> & { readonly id: string | null }

/** A log that an audit reads as it was written. */
export type AuditableLog = EventLog & {
  /**
   * Reads the whole log unparsed, and what its streams show otherwise. Only a log has this that finds out for less than reading
   * every stream takes.
   */
  readonly readStored?: () => AsyncIterable<StoredBatch>
}

/** The event of a row. */
export function entryOf(row: StoredRow): LogEntry {
  const [position, streamId, revision, id, type, data, metadata] = row
  const parsed = { data: parse(data), metadata: parse(metadata) }
  const stored = { data: new StoredText(data, parsed.data), metadata: new StoredText(metadata, parsed.metadata) }
  const place = { id, type, streamId, revision, position, stored }
  const reason =
    row[7] ?? unreadableReason('data', data, parsed.data) ?? unreadableReason('metadata', metadata, parsed.metadata)
  if (reason !== undefined) return { ...place, reason }
  return { ...place, data: parsed.data as JsonObject, metadata: parsed.metadata as unknown as EventMetadata }
}

/** The row of an event that was read, for logs that have no rows of their own. */
export function rowOf(entry: LogEntry): StoredRow {
  const { position, streamId, revision, id, type, stored } = entry
  const row: StoredRow = [position, streamId, revision, id, type, given(stored.data), given(stored.metadata)]
  if (!isReadable(entry)) row[7] = entry.reason
  return row
}

type JsonObject = Readonly<Record<string, unknown>>

function given(text: StoredText): string | Uint8Array {
  const { bytes } = text
  return isUtf8(bytes) ? text.text : bytes
}

function unreadableReason(
  part: 'data' | 'metadata',
  stored: string | Uint8Array,
  parsed: JsonObject | undefined,
): string | undefined {
  if (parsed !== undefined) return undefined
  return typeof stored !== 'string' && !isUtf8(stored)
    ? `Its ${part} is not UTF-8.`
    : `Its ${part} is not a JSON object.`
}

function parse(text: string | Uint8Array): JsonObject | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
