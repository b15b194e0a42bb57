import { sql } from 'kysely'
import type { Instant, OrganizationId } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import { asEventView } from './events.ts'
import type { Page, PageRequest } from './page.ts'
import type { EventFilter, StreamRange } from './read-model.ts'
import { type ListOrder, oneOf, readPage } from './read-page.ts'
import type { EventRow } from './tables.ts'
import type { EventView } from './views.ts'

/** Reads events, a page of them or in log or stream order. */
export type EventReader = {
  /** A page of an organization's events, newest first. */
  readonly list: (organizationId: OrganizationId, filter: EventFilter, page: PageRequest) => Promise<Page<EventView>>
  /** Pieces of streams, each by revision. */
  readonly ofStreams: (
    organizationId: OrganizationId,
    ranges: readonly StreamRange[],
  ) => Promise<(readonly EventView[])[]>
  /** The newest event of each stream, in their order. */
  readonly newestOfStreams: (
    organizationId: OrganizationId,
    streamIds: readonly string[],
    upTo?: Instant,
  ) => Promise<(EventView | undefined)[]>
  /** The events after a position up to another one, in batches. */
  readonly between: (
    organizationId: OrganizationId,
    after: LogPosition | undefined,
    upTo: LogPosition,
  ) => AsyncGenerator<readonly EventView[]>
}

const newestFirst: ListOrder = { key: 'position', id: null, direction: 'desc' }
const batchSize = 500
/** Followers that are up to date ask for the same few ranges at the same time. */
const rangesKept = 8

/** Makes a reader; it keeps the newest few ranges, so that many followers cost one query. */
export function createEventReader({ reads }: ReadModelDatabase): EventReader {
  const recent = new Map<string, Promise<readonly EventView[]>>()

  function list<Item>(
    organizationId: OrganizationId,
    { streamId, types, occurredFrom, occurredBefore }: EventFilter,
    page: PageRequest,
    toItem: (row: EventRow) => Item,
  ): Promise<Page<Item>> {
    return readPage<EventRow, Item>(
      reads,
      'events',
      newestFirst,
      page,
      (all) => {
        // A stream is short: found by its name, not by looking through the organization in order.
        let query =
          streamId === undefined
            ? all.where('organization_id', '=', organizationId)
            : all.where('stream_id', 'in', oneOf([streamId])).where(sql`organization_id || ''`, '=', organizationId)
        if (types !== undefined) query = query.where('type', 'in', oneOf(types))
        if (occurredFrom !== undefined) query = query.where('occurred_at', '>=', occurredFrom)
        if (occurredBefore !== undefined) query = query.where('occurred_at', '<', occurredBefore)
        return query
      },
      toItem,
    )
  }

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
    list: (organizationId, filter, page) => list(organizationId, filter, page, asEventView),

    async newestOfStreams(organizationId, streamIds, upTo) {
      if (streamIds.length === 0) return []
      const inTime = reads.selectFrom('events').where('stream_id', 'in', [...streamIds])
      const newest = (upTo === undefined ? inTime : inTime.where('occurred_at', '<=', upTo))
        .select(({ fn }) => ['stream_id', fn.max('revision').as('newest')])
        .groupBy('stream_id')
        .as('last')
      const rows: EventRow[] = await reads
        .selectFrom('events')
        .innerJoin(newest, (join) =>
          join.onRef('last.stream_id', '=', 'events.stream_id').onRef('last.newest', '=', 'events.revision'),
        )
        .selectAll('events')
        .where('events.organization_id', '=', organizationId)
        .execute()
      const byStream = new Map(rows.map((row) => [row.stream_id, asEventView(row)]))
      return streamIds.map((streamId) => byStream.get(streamId))
    },

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
