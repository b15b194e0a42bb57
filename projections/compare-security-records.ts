import type { LogEntry, LogPosition } from '../event-log/index.ts'
import { isShown } from './apply-events.ts'
import { type Difference, isSameRow } from './compare-events.ts'
import type { ReadModelDatabase } from './database.ts'
import { securityRecordsOf } from './security-records.ts'
import type { SecurityRecordRow } from './tables.ts'

/** Behind the numbers that follow a position in the rows' ids. */
const behindNumbers = ' ~'

/** Holds the rows by which security events are found against these events, for a part of the log. */
export async function compareSecurityRecords(
  { reads }: ReadModelDatabase,
  events: readonly LogEntry[],
  range: { readonly after: LogPosition; readonly upTo: LogPosition; readonly streamId: string | undefined },
): Promise<readonly Difference[]> {
  // Their ids begin with positions, and are an index.
  const rows: SecurityRecordRow[] = await reads
    .selectFrom('security_records')
    .selectAll()
    .where('id', '>', `${range.after}${behindNumbers}`)
    .where('id', '<=', `${range.upTo}${behindNumbers}`)
    .execute()
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
  if (range.streamId !== undefined) return found
  const added = [...actual.values()].map((row) => ({
    streamId: '',
    path: `securityRecords[${row.id}]`,
    log: undefined,
    readModel: row,
  }))
  return [...found, ...added]
}
