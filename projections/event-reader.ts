import type { OrganizationId } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import { asEventView } from './events.ts'
import type { StreamRange } from './read-model.ts'
import type { EventRow } from './tables.ts'
import type { EventView } from './views.ts'

/** Reads events in log or stream order. */
export type EventReader = {
  /** Pieces of streams, each by revision. */
  readonly ofStreams: (
    organizationId: OrganizationId,
    ranges: readonly StreamRange[],
  ) => Promise<(readonly EventView[])[]>
  /** The events after a position up to another one, in batches. */
  readonly between: (
    organizationId: OrganizationId,
    after: LogPosition | undefined,
    upTo: LogPosition,
  ) => AsyncGenerator<readonly EventView[]>
}

const batchSize = 500
/** Followers that are up to date ask for the same few ranges at the same time. */
const rangesKept = 8

/** Makes a reader; it keeps the newest few ranges, so that many followers cost one query. */
export function createEventReader({ reads }: ReadModelDatabase): EventReader {
  const recent = new Map<string, Promise<readonly EventView[]>>()

  function batch(
    organizationId: OrganizationId,
    after: LogPosition | undefined,
    upTo: LogPosition,
  ): Promise<readonly EventView[]> {
    const key = `${organizationId} ${after ?? ''} ${upTo}`
    const asked = recent.get(key)
    if (asked !== undefined) return asked
    const answer = readBatch(organizationId, after, upTo)
    recent.set(key, answer)
    answer.catch(() => recent.delete(key))
    if (recent.size > rangesKept) recent.delete(recent.keys().next().value ?? key)
    return answer
  }

  async function readBatch(
    organizationId: OrganizationId,
    after: LogPosition | undefined,
    upTo: LogPosition,
  ): Promise<readonly EventView[]> {
    const rows = await reads
      .selectFrom('events')
      .selectAll()
      .where('organization_id', '=', organizationId)
      .where('position', '>', after ?? '')
      .where('position', '<=', upTo)
      .orderBy('position')
      .limit(batchSize)
      .execute()
    return rows.map(asEventView)
  }

  return {
    async ofStreams(organizationId, ranges) {
      if (ranges.length === 0) return []
      const rows: EventRow[] = await reads
        .selectFrom('events')
        .selectAll()
        .where(({ or, and, eb }) =>
          or(
            ranges.map(({ streamId, from, to }) =>
              and([
                eb('stream_id', '=', streamId),
                eb('organization_id', '=', organizationId),
                eb('revision', '>=', from),
                eb('revision', '<=', to),
              ]),
            ),
          ),
        )
        .orderBy('stream_id')
        .orderBy('revision')
        .execute()
      const ofStream = Map.groupBy(rows, (row) => row.stream_id)
      return ranges.map(({ streamId, from, to }) =>
        (ofStream.get(streamId) ?? [])
          .filter(({ revision }) => revision >= from && revision <= to)
          .map((row) => asEventView(row)),
      )
    },

    async *between(organizationId, after, upTo) {
      let seen = after
      for (;;) {
        const events = await batch(organizationId, seen, upTo)
        if (events.length > 0) yield events
        if (events.length < batchSize) return
        seen = events.at(-1)?.position ?? seen
      }
    },
  }
}
