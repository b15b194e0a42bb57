import { isUtf8 } from 'node:buffer'
import type { AppendSignature, EventMetadata } from '../domain/index.ts'
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

/** Rows of a log in their order, and what the log itself finds wrong between its order and its streams. */
export type StoredBatch = {
  readonly rows: readonly StoredRow[]
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

/**
 * The event of a row for somebody who only wants to know what was signed: data is parsed when it is asked for, and may then
 * turn out to be none (`undefined`).
 */
export function unparsedEntryOf(row: StoredRow): LogEntry {
  const [position, streamId, revision, id, type, data, metadata] = row
  const read = parseMetadata(metadata)
  const { parsed } = read
  const stored = { data: new StoredText(data), metadata: new StoredText(metadata, parsed, read.unsigned) }
  const place = { id, type, streamId, revision, position, stored }
  const reason = row[7] ?? unreadableReason('metadata', metadata, parsed)
  if (reason !== undefined) return { ...place, reason }
  return {
    ...place,
    metadata: parsed as unknown as EventMetadata,
    get data() {
      return parse(data) as JsonObject
    },
  }
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

/** How a signature stands at the end of metadata (`addSignature`), so far as it can be read without parsing. */
const signatureForm =
  /^,"signature":\{"keyId":"([0-9a-f]{32})","revision":(0|[1-9]\d{0,14}),"count":([1-9]\d{0,14}),"witnesses":\[([^\]]*)\],"path":"([\w-]*)","value":"([\w+/=]*)"\}\}$/

/** Metadata as `JSON.parse` reads it, and its text without the signature, where that stands in its one form at the end. */
type ReadMetadata = { readonly parsed: JsonObject | undefined; readonly unsigned?: string }

/**
 * Parses metadata, in half the time where a signature is its last member: that is read by its form, and only what stands before
 * it is parsed. A text of another form is parsed as a whole.
 */
function parseMetadata(text: string | Uint8Array): ReadMetadata {
  if (typeof text !== 'string') return { parsed: undefined }
  const at = text.lastIndexOf(',"signature":{"keyId":"')
  // What stands before it must end as a member does, or the text is no JSON although both parts of it are.
  const member = at > 1 && /[^\s{,]/.test(text.charAt(at - 1)) ? signatureForm.exec(text.slice(at)) : null
  if (member === null) return { parsed: parse(text) }
  const [, keyId, revision, count, named, path, value] = member as unknown as string[]
  const unsigned = `${text.slice(0, at)}}`
  const signed = parse(unsigned)
  const witnesses = named === '' ? [] : parseList(`[${named}]`)
  if (signed === undefined || witnesses === undefined) return { parsed: parse(text) }
  const signature = { keyId, revision: Number(revision), count: Number(count), witnesses, path, value }
  const parsed = Object.assign(signed, { signature: signature as AppendSignature })
  return JSON.stringify(witnesses) === `[${named}]` ? { parsed, unsigned } : { parsed }
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
