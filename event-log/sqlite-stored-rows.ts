import { isUtf8 } from 'node:buffer'
import { isJoinedRow } from './joined-row.ts'
import type { SqliteFile } from './sqlite-file.ts'
import { encodeSqlitePosition } from './sqlite-position.ts'
import type { AnyRow, HiddenEvent, StoredBatch, StoredRow } from './stored-row.ts'
import type { StoredForm } from './stored-text.ts'

/**
 * So many rows are read at a time: few, since each may have a megabyte, and read all at once they take three quarters of the time
 * that reading one after the other does. A batch ends behind so many events or characters.
 */
const rowsAtOnce = 25
const batchLimit = { events: 200, characters: 1024 * 1024 }
/** So many stray entries of the index are named. */
const maximumStray = 1_000

/** Reads of a file for an audit: events unparsed, and its table against the index by which streams are read. */
export type SqliteAuditReads = {
  readonly stored: (after: number, upTo: number, asBytes: (position: number) => StoredForm) => SqliteBatch
  readonly strayEntries: (upTo: number, events: number) => readonly HiddenEvent[]
}

/** A batch, and the row that it ends with. */
export type SqliteBatch = StoredBatch & { readonly last: number }

/** A row, or where one stands whose parts are looked at one by one. */
type FoundRow = [position: number, joined: string | null]

type RowWithPlace = [
  position: number,
  streamId: string,
  revision: number,
  id: string,
  type: string,
  data: string,
  metadata: string,
  indexed: number | null,
]

/** The index by which streams are read: that of the first constraint of the table. */
const streamIndex = 'sqlite_autoindex_events_1'

/**
 * Prepares the reads when the first of them is wanted: only an audit does. A stream is read by its index, and the whole log by
 * the table. SQLite makes both alike, but who writes the file past it need not: so each row asks the index whether it leads there,
 * and in the end the index must have as many entries as there are rows.
 */
export function prepareAudit(file: SqliteFile): () => SqliteAuditReads {
  let prepared: SqliteAuditReads | undefined
  return () => {
    prepared ??= prepare(file)
    return prepared
  }
}

function prepare({ reader }: SqliteFile): SqliteAuditReads {
  const indexed = `(SELECT position FROM events AS entry INDEXED BY ${streamIndex}
    WHERE entry.stream_id = event.stream_id AND entry.revision = event.revision)`
  const texts = ['stream_id', 'id', 'type', 'data', 'metadata'].map((name) => `typeof(${name}) = 'text'`)
  const isOfItsTypes = `typeof(position) = 'integer' AND typeof(revision) = 'integer' AND ${texts.join(' AND ')}`
  // One text is read in half the time of seven columns, and given to others in less. What is not of the types of the table, whose
  // declaration others can change, and what the index does not lead to, is read again: joined, a revision that is a text would
  // look like a number, by which its stream does not show it.
  const select = reader.prepare(
    `SELECT position, CASE WHEN ${indexed} = position AND ${isOfItsTypes}
      THEN concat_ws(char(10), substr('0000000000000000' || position, -16), stream_id, revision, id, type, data, metadata) END
    FROM events AS event NOT INDEXED WHERE position > ? AND position <= ? ORDER BY position LIMIT ${rowsAtOnce}`,
  )
  select.setReturnArrays(true)
  const parts = reader.prepare(
    `SELECT position, stream_id, revision, id, type, data, metadata, ${indexed}
    FROM events AS event NOT INDEXED WHERE position = ?`,
  )
  parts.setReturnArrays(true)
  const count = reader.prepare(`SELECT count(*) AS entries FROM events INDEXED BY ${streamIndex} WHERE position <= ?`)
  const stray = reader.prepare(
    `SELECT stream_id, revision FROM events AS entry INDEXED BY ${streamIndex} WHERE position <= ? AND NOT EXISTS
      (SELECT 1 FROM events AS event NOT INDEXED WHERE event.position = entry.position
        AND event.stream_id = entry.stream_id AND event.revision = entry.revision)
    LIMIT ${maximumStray}`,
  )
  return {
    stored(after, upTo, asBytes) {
      const rows: AnyRow[] = []
      const hidden: HiddenEvent[] = []
      let last = after
      for (let characters = 0; rows.length < batchLimit.events && characters < batchLimit.characters; ) {
        const read = select.all(last, upTo) as unknown as FoundRow[]
        for (const [position, joined] of read) {
          last = position
          if (joined !== null && isJoinedRow(joined) && !joined.includes('\ufffd')) {
            rows.push(joined)
            characters += joined.length
            continue
          }
          const row = parts.get(position) as unknown as RowWithPlace
          const [, streamId, revision, id, , data, metadata, indexed] = row
          if (indexed !== position)
            hidden.push({ streamId, revision, id, reason: 'The whole log has it, and its stream does not show it.' })
          rows.push(storedRow(row, asBytes))
          characters += data.length + metadata.length
        }
        if (read.length < rowsAtOnce) break
      }
      return { rows, hidden, last }
    },
    strayEntries(upTo, events) {
      if (count.get(upTo)?.entries === events) return []
      const reason = 'Its stream shows an event here that the whole log does not have in this place.'
      return stray.all(upTo).map((entry) => {
        return { streamId: String(entry.stream_id), revision: Number(entry.revision), id: null, reason }
      })
    },
  }
}

/** The same array, since millions are made: its position as others see it, its texts as bytes where they are no UTF-8. */
function storedRow(row: RowWithPlace, asBytes: (position: number) => StoredForm): StoredRow {
  const [position, , , , , data, metadata] = row
  row.pop()
  const stored = row as unknown as StoredRow
  stored[0] = encodeSqlitePosition(position)
  // SQLite's driver gives U+FFFD for bytes that are no UTF-8.
  if (data.includes('\ufffd') || metadata.includes('\ufffd')) {
    const bytes = asBytes(position)
    if (!isUtf8(bytes.data.bytes)) stored[5] = bytes.data.bytes
    if (!isUtf8(bytes.metadata.bytes)) stored[6] = bytes.metadata.bytes
  }
  return stored
}
