import type { DatabaseSync } from 'node:sqlite'
import { openTemporarySqliteLog } from '../sqlite.ts'
import { sqliteFailure } from '../sqlite-file.ts'
import type { AuditableLog } from '../stored-row.ts'
import { ExportError } from './export-error.ts'
import type { ExportHeader } from './form.ts'
import { type ExportedEvent, type ExportFault, readExport } from './read.ts'

/** What became of an export that was read into a log. */
export type ImportedExport = {
  readonly header: ExportHeader
  readonly events: number
  readonly faultCount: number
  /** What is not as it was exported, the first thousand places at the most, by line. */
  readonly faults: readonly ExportFault[]
}

/** So many rows are one transaction. */
const rowsTogether = 10_000
const maximumFaults = 1_000

/**
 * Reads an export into an SQLite log of its own, so that it can be audited as any log is. Every event stands there with the texts that
 * it was exported with, in the order of the export; a position there is a number of a line's event, and not that of the log. The
 * log is in a temporary file without a name, which goes with the process however that ends.
 *
 * @returns the log, which nobody can append to, and what became of the file
 * @throws ExportError as `readExport` does, and `EXPORT_PARTIAL` for one that does not begin where the log does: what is
 *   folded of it would be another state
 * @throws EventLogError `EVENT_LOG_UNAVAILABLE` when the temporary file cannot be written
 */
export async function importExport(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly log: AuditableLog; readonly file: ImportedExport }> {
  const opened = openTemporarySqliteLog()
  try {
    return { log: opened.log, file: await fill(opened.database, chunks) }
  } catch (error) {
    await opened.log.close()
    throw error instanceof Error && 'errcode' in error
      ? sqliteFailure(
          error,
          'The export cannot be kept in a temporary file; SQLITE_TMPDIR may name a folder that has room',
        )
      : error
  }
}

async function fill(database: DatabaseSync, chunks: AsyncIterable<Uint8Array>): Promise<ImportedExport> {
  database.exec('BEGIN')
  const insert =
    database.prepare(`INSERT OR IGNORE INTO events (position, stream_id, revision, id, type, data, metadata)
    VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT))`)
  const faults: ExportFault[] = []
  let header: ExportHeader | undefined
  let events = 0
  let faultCount = 0

  function note(fault: ExportFault): void {
    faultCount += 1
    if (faults.length < maximumFaults) faults.push(fault)
  }
  function take({ line, streamId, revision, id, type, data, metadata }: ExportedEvent): void {
    const { changes } = insert.run(events + 1, streamId, revision, id, type, data, metadata)
    if (changes === 0) {
      const reason = `${streamId} has an event of revision ${revision}, or of id ${id}, on a line before.`
      note({ line, code: 'EXPORT_LINE_MOVED', reason })
    } else events += 1
    if (events % rowsTogether === 0) database.exec('COMMIT; BEGIN')
  }

  for await (const item of readExport(chunks))
    if ('event' in item) take(item.event)
    else if ('fault' in item) note(item.fault)
    else {
      header = item.header
      if (header.from !== null)
        throw new ExportError(
          'EXPORT_PARTIAL',
          `The export begins at position ${header.from}, and states cannot be folded without what stands before. Export from the beginning of the log.`,
        )
    }
  database.exec('COMMIT')
  if (header === undefined) throw new ExportError('EXPORT_NOT_AN_EXPORT', 'The file has no first line.')
  return { header, events, faultCount, faults: faults.toSorted((a, b) => a.line - b.line) }
}
