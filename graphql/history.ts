import { createContextCache } from '@pothos/core'
import DataLoader from 'dataloader'
import { Refusal } from '../domain/index.ts'
import { decodeCursor, type EventView, encodeCursor, type Page, type PageRequest } from '../projections/index.ts'
import type { GraphQLContext } from './context.ts'

/** One page of the time line of a stream whose newest event has this revision. */
export type HistoryQuestion = { readonly streamId: string; readonly revision: number; readonly page: PageRequest }

type Range = { readonly streamId: string; readonly from: number; readonly to: number }

// One loader an operation: the time lines of all entities of a list are read in one query.
const rangesOf = createContextCache(
  ({ readModel, caller }: GraphQLContext) =>
    new DataLoader<Range, readonly EventView[]>((ranges) => readModel.eventsOfStreams(caller.organizationId, ranges), {
      cache: false,
      maxBatchSize: 100,
    }),
)

/**
 * Reads a page of an entity's time line, oldest first. A stream's revisions have no gaps, so a page is a range of them.
 *
 * @throws Refusal `CURSOR_MALFORMED`
 */
export async function historyPage(question: HistoryQuestion, context: GraphQLContext): Promise<Page<EventView>> {
  const { streamId, revision, page } = question
  const start = page.after === undefined ? 0 : revisionOf(page.after, streamId) + 1
  const end = page.before === undefined ? revision : Math.min(revisionOf(page.before, streamId) - 1, revision)
  const from = page.direction === 'forward' ? start : Math.max(start, end - page.size + 1)
  const to = page.direction === 'forward' ? Math.min(end, start + page.size - 1) : end
  const events = from > to ? [] : await rangesOf(context).load({ streamId, from, to })
  return {
    items: events.map((event) => ({
      cursor: encodeCursor({ key: String(event.revision), id: streamId }),
      item: event,
    })),
    hasNextPage: to < revision,
    hasPreviousPage: from > 0,
  }
}

function revisionOf(cursor: string, streamId: string): number {
  const { key, id } = decodeCursor(cursor)
  if (id !== streamId || !/^\d{1,15}$/.test(key))
    throw new Refusal('CURSOR_MALFORMED', 'The cursor belongs to another list. Start from the first page.')
  return Number(key)
}
