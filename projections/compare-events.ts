import type { LogEntry, LogPosition } from '../event-log/index.ts'
import { isShown } from './apply-events.ts'
import type { ReadModelDatabase } from './database.ts'
import { differences } from './differences.ts'
import { asEventRow } from './events.ts'
import type { EventRow } from './tables.ts'

/** A place where the read model says something else than the log. */
export type Difference = {
  readonly streamId: string
  /** Where in the state, e.g. `approvals[0].comment`; empty for the whole entity or event. */
  readonly path: string
  /** What the log says; `undefined`: nothing. */
  readonly log: unknown
  /** What the read model says; `undefined`: nothing. */
  readonly readModel: unknown
}

/** Holds events of the log against their copies in the read model; both are in the order of the log. */
export async function compareEvents(
  database: ReadModelDatabase,
  events: readonly LogEntry[],
  range: { readonly after: LogPosition; readonly upTo: LogPosition; readonly streamId: string | undefined },
): Promise<readonly Difference[]> {
  let query = database.reads
    .selectFrom('events')
    .selectAll()
    .where('position', '>', range.after)
    .where('position', '<=', range.upTo)
  if (range.streamId !== undefined) query = query.where('stream_id', '=', range.streamId)
  const copies = await query.orderBy('position').execute()
  const found: Difference[] = []
  let next = 0

  function differ(stream: string, expected: EventRow | undefined, copy: EventRow | undefined): void {
    const { revision } = (expected ?? copy) as EventRow
    const place = `events[${revision}]`
    if (expected === undefined) found.push({ streamId: stream, path: place, log: undefined, readModel: copy })
    else
      for (const { path, expected: log, actual } of differences(expected, copy, place))
        found.push({ streamId: stream, path, log, readModel: actual })
  }

  for (const event of events) {
    // A copy of an event that the log does not have.
    let copy = copies[next]
    for (; copy !== undefined && copy.position < event.position; copy = copies[next]) {
      differ(copy.stream_id, undefined, copy)
      next += 1
    }
    if (copy?.position === event.position) next += 1
    else copy = undefined
    const expected = isShown(event) ? asEventRow(event) : undefined
    if (expected === undefined && copy === undefined) continue
    if (expected === undefined || copy === undefined || !isSameRow(expected, copy))
      differ(event.streamId, expected, copy)
  }
  for (const copy of copies.slice(next)) differ(copy.stream_id, undefined, copy)
  return found
}

/** Whether two rows of texts and numbers have the same in every column. */
export function isSameRow(one: object, other: object): boolean {
  const columns = Object.entries(one)
  return (
    columns.length === Object.keys(other).length &&
    columns.every(([name, value]) => (other as Readonly<Record<string, unknown>>)[name] === value)
  )
}
