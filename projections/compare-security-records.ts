import type { LogEntry } from '../event-log/index.ts'
import { isShown } from './apply-events.ts'
import { type Difference, isSameRow, type PartComparison } from './compare-events.ts'
import type { ReadModelDatabase } from './database.ts'
import { securityRecordsOf } from './security-records.ts'
import type { SecurityRecordRow } from './tables.ts'

/** Behind the numbers that follow a position in the rows' ids. */
const behindNumbers = ' ~'

/**
 * Compares the rows by which security events are found with what the events of the log say.
 *
 * @param streamId only this stream's
 */
export function compareSecurityRecords(
  { reads, prepare }: ReadModelDatabase,
  streamId: string | undefined,
): PartComparison {
  // Their ids begin with positions, and are an index.
  const query = reads.selectFrom('security_records').selectAll().where('id', '>', 'after').where('id', '<=', 'upTo')
  const records = prepare(query.compile())
  return async (events, { after, upTo }) => {
    const range = { after: `${after}${behindNumbers}`, upTo: `${upTo}${behindNumbers}` }
    return differencesOf(events, await records.read<SecurityRecordRow>(range), streamId)
  }
}

function differencesOf(
  events: readonly LogEntry[],
  rows: readonly SecurityRecordRow[],
  streamId: string | undefined,
): readonly Difference[] {
  const actual = new Map(rows.map((row) => [row.id, row]))
  const found: Difference[] = []
  for (const event of events.filter(isShown))
    for (const expected of securityRecordsOf(event)) {
      const row = actual.get(expected.id)
      actual.delete(expected.id)
      if (row !== undefined && isSameRow(expected, row)) continue
      const path = `events[${event.revision}].securityRecords`
      found.push({ streamId: event.streamId, path, log: expected, readModel: row })
    }
  if (streamId !== undefined) return found
  const added = [...actual.values()].map((row) => ({
    streamId: '',
    path: `securityRecords[${row.id}]`,
    log: undefined,
    readModel: row,
  }))
  return [...found, ...added]
}
