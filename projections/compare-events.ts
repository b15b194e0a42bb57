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

/** A part of the log: what stands behind one position, up to another. */
export type LogRange = { readonly after: LogPosition; readonly upTo: LogPosition }

/** Holds events of a part of the log, in its order, against what the read model has of that part. */
export type PartComparison = (events: readonly LogEntry[], range: LogRange) => Promise<readonly Difference[]>

/**
 * Compares events of the log with their copies in the read model. A log has many parts, so the query is written once.
 *
 * @param streamId only this stream's
 */
export function compareEvents({ reads, prepare }: ReadModelDatabase, streamId: string | undefined): PartComparison {
  let query = reads.selectFrom('events').selectAll().where('position', '>', 'after').where('position', '<=', 'upTo')
  if (streamId !== undefined) query = query.where('stream_id', '=', 'stream')
  const copies = prepare(query.orderBy('position').compile())
  return async (events, range) =>
    differencesOf(events, await copies.read<EventRow>({ ...range, stream: streamId ?? '' }))
}

function differencesOf(events: readonly LogEntry[], copies: readonly EventRow[]): readonly Difference[] {
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
  const [expected, actual] = [one as Readonly<Record<string, unknown>>, other as Readonly<Record<string, unknown>>]
  let columns = 0
  for (const name in expected) {
    if (expected[name] !== actual[name]) return false
    columns += 1
  }
  for (const _ in actual) columns -= 1
  return columns === 0
}
