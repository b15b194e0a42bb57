import { createContextCache } from '@pothos/core'
import DataLoader from 'dataloader'
import { type ApiTokenId, streams } from '../domain/index.ts'
import type { EventView, Page, PageRequest } from '../projections/index.ts'
import { numberedPage } from '../projections/index.ts'
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
  const read = (from: number, to: number) => rangesOf(context).load({ streamId, from, to: to - 1 })
  return numberedPage({ list: streamId, count: revision + 1, read }, page)
}

// The tokens of all users of a list are looked for in one query.
const newestOf = createContextCache(
  ({ readModel, caller }: GraphQLContext) =>
    new DataLoader<string, EventView | undefined>(
      (streamIds) => readModel.newestOfStreams(caller.organizationId, streamIds),
      { maxBatchSize: 200 },
    ),
)

/** The record of the last day on which an API token was used; nothing when it never was. */
export function lastUseOf(tokenId: ApiTokenId, context: GraphQLContext): Promise<EventView | undefined> {
  return newestOf(context).load(streams.apiTokenUse(tokenId))
}
