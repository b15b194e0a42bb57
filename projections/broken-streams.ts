import type { LogEntry, LogPosition, RecordedEvent } from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import { ReadModelError } from './read-model-error.ts'

/** A stream that cannot be folded beyond a place. What stands before it is shown; what comes after it changes nothing. */
export type BrokenStream = {
  readonly streamId: string
  /** The revision of the event that breaks it. */
  readonly revision: number
  readonly position: LogPosition
  /** What is wrong, a sentence. */
  readonly reason: string
}

/**
 * What breaks the stream of an event, where that is the event's own form: it cannot be read, lacks what every event of
 * every release has, does not follow on the one before, or has data that its type cannot have.
 *
 * @param fold takes the event; what it throws is judged
 * @throws what `fold` throws of an event that another release may know: passing it over could hide what withdraws something
 */
export function breakageOf(event: LogEntry, fold: (event: RecordedEvent) => void): BrokenStream | undefined {
  const { streamId, revision, position } = event
  const broken = (reason: string) => ({ streamId, revision, position, reason })
  if ('reason' in event) return broken(event.reason)
  const malformation = malformationOf(event)
  if (malformation !== undefined) return broken(malformation)
  try {
    fold(event)
    return undefined
  } catch (error) {
    if (error instanceof ReadModelError && error.code !== 'PROJECTION_HISTORY_BROKEN') throw error
    if (error instanceof ReadModelError) return broken(error.message)
    return broken(`Its data does not have the form of a ${event.type} (${(error as Error).message}).`)
  }
}

/** What every release writes of every event, and reads of every other release's. */
export function malformationOf({ data, metadata }: RecordedEvent): string | undefined {
  const { schemaVersion, organizationId, occurredAt, actor } = metadata as Readonly<Record<string, unknown>>
  if (!Number.isSafeInteger(schemaVersion)) return 'Its metadata has no schema version.'
  if (typeof organizationId !== 'string') return 'Its metadata names no organization.'
  if (typeof occurredAt !== 'string' || Number.isNaN(Date.parse(occurredAt)))
    return 'Its metadata does not say when it occurred.'
  if (typeof actor !== 'object' || actor === null) return 'Its metadata does not say who acted.'
  if (!Number.isSafeInteger(data.schemaVersion)) return 'Its data has no schema version.'
  return undefined
}

/** The streams that the tables which are read name as broken, by their names; so many at the most. */
export async function readBrokenStreams(
  { reads }: ReadModelDatabase,
  { limit }: { readonly limit: number },
): Promise<readonly BrokenStream[]> {
  const rows = await reads.selectFrom('broken_streams').selectAll().orderBy('stream_id').limit(limit).execute()
  return rows.map(({ stream_id: streamId, position, ...rest }) => ({
    ...rest,
    streamId,
    position: position as LogPosition,
  }))
}
