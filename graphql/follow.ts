import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import {
  isFinalStatus,
  type OrganizationId,
  parseStreamName,
  Refusal,
  requirePermission,
  type SigningRequestId,
  streams,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import {
  asUnusualActivity,
  type EventView,
  matchesFilter,
  maximumPageSize,
  type Page,
  type PageRequest,
  type SigningRequestFilter,
  type SigningRequestView,
  type UnusualActivityView,
} from '../projections/index.ts'
import type { GraphQLContext } from './context.ts'
import { type Outcome, stream } from './stream.ts'

/**
 * One request as it is now and after each change, until its status is final. Changes that come together are one.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`
 */
export function followRequest(
  id: SigningRequestId,
  context: GraphQLContext,
): AsyncGenerator<Outcome<SigningRequestView>> {
  return stream(async function* (signal) {
    const { readModel } = context
    const from = await readModel.position()
    let [request] = await readModel.signingRequestsByIds(context.caller.organizationId, [id])
    if (request === undefined)
      throw new Refusal('SIGNING_REQUEST_NOT_FOUND', 'There is no such signing request.', { signingRequestId: id })
    yield request
    if (isFinalStatus(request.workflowStatus)) return
    const concerns = ({ streamId }: EventView) => streamId === streams.signingRequest(id)
    for await (const _ of stillAllowed(context, { after: from, concerns, signal })) {
      ;[request] = await readModel.signingRequestsByIds(context.caller.organizationId, [id])
      if (request === undefined) continue
      yield request
      if (isFinalStatus(request.workflowStatus)) return
    }
  }, context.stopping)
}

/** All requests that match, unless `after` is given; then each that matches after it changed. */
export function followRequests(
  filter: SigningRequestFilter,
  after: LogPosition | undefined,
  context: GraphQLContext,
): AsyncGenerator<Outcome<SigningRequestView>> {
  return stream(async function* (signal) {
    const from = after ?? (await context.readModel.position())
    if (after === undefined)
      yield* everyPage(context, (organizationId, page) =>
        context.readModel.listSigningRequests(organizationId, filter, page),
      )
    const concerns = ({ streamId }: EventView) => parseStreamName(streamId)?.kind === 'signingRequest'
    for await (const events of stillAllowed(context, { after: from, concerns, signal }))
      yield* changedRequests(events, filter, context)
  }, context.stopping)
}

/**
 * The audit log after a position and live.
 *
 * @throws Refusal `FORBIDDEN` when the caller may not read it any more
 */
export function followLog(after: LogPosition | undefined, context: GraphQLContext): AsyncGenerator<Outcome<EventView>> {
  return stream(async function* (signal) {
    for await (const events of stillAllowed(context, { after, concerns: () => true, signal })) {
      requirePermission(context.caller, 'readAuditLog')
      yield* events
    }
  }, context.stopping)
}

/**
 * What was found of unusual activity, unless `after` is given; then what is found after it, live.
 *
 * @throws Refusal `FORBIDDEN` when the caller may not read it any more
 */
export function followUnusualActivity(
  after: LogPosition | undefined,
  context: GraphQLContext,
): AsyncGenerator<Outcome<UnusualActivityView>> {
  return stream(async function* (signal) {
    const from = after ?? (await context.readModel.position())
    if (after === undefined)
      yield* everyPage(context, (organizationId, page) =>
        context.readModel.listUnusualActivity(organizationId, {}, page),
      )
    const concerns = ({ streamId }: EventView) => parseStreamName(streamId)?.kind === 'unusualActivity'
    for await (const events of stillAllowed(context, { after: from, concerns, signal })) {
      requirePermission(context.caller, 'readUnusualActivity')
      yield* events.map(asUnusualActivity)
    }
  }, context.stopping)
}

type Following = {
  readonly after: LogPosition | undefined
  /** Which events the subscription is about. */
  readonly concerns: (event: EventView) => boolean
  readonly signal: AbortSignal
}

// Whoever lost the right to see more (token revoked or expired, user deactivated, role withdrawn) sees no more: the
// caller is established again before anything is delivered, and whenever something happens to the caller.
async function* stillAllowed(
  context: GraphQLContext,
  { after, concerns, signal }: Following,
): AsyncGenerator<readonly EventView[]> {
  const { organizationId, userId } = context.caller
  for await (const events of context.readModel.follow(organizationId, { after, signal })) {
    const news = events.filter(concerns)
    if (news.length === 0 && !events.some(({ streamId }) => streamId === streams.user(userId))) continue
    context.caller = await context.authenticateAgain()
    clearAllDataLoaders(context)
    if (news.length > 0) yield news
  }
}

/** Everything that a list has now, page by page. */
async function* everyPage<Item>(
  context: GraphQLContext,
  list: (organizationId: OrganizationId, page: PageRequest) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  let cursor: string | undefined
  do {
    clearAllDataLoaders(context)
    const page = await list(context.caller.organizationId, {
      direction: 'forward',
      size: maximumPageSize,
      ...(cursor === undefined ? {} : { after: cursor }),
    })
    for (const { item } of page.items) yield item
    cursor = page.hasNextPage ? page.items.at(-1)?.cursor : undefined
  } while (cursor !== undefined)
}

async function* changedRequests(events: readonly EventView[], filter: SigningRequestFilter, context: GraphQLContext) {
  const ids = new Set(events.map(({ streamId }) => parseStreamName(streamId)?.id))
  const requests = await context.readModel.signingRequestsByIds(context.caller.organizationId, [
    ...ids,
  ] as SigningRequestId[])
  for (const request of requests) if (request !== undefined && matchesFilter(request, filter)) yield request
}
