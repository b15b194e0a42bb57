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
    const read = () => readModel.signingRequestsByIds(context.caller.organizationId, [id])
    for await ([request] of stillAllowed(context, { after: from, concerns, signal, read })) {
      if (request === undefined) continue
      yield request
      if (isFinalStatus(request.workflowStatus)) return
    }
  }, context)
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
    const read = (events: readonly EventView[]) => changedRequests(events, filter, context)
    for await (const changed of stillAllowed(context, { after: from, concerns, signal, read })) yield* changed
  }, context)
}

/**
 * The audit log after a position and live.
 *
 * @throws Refusal `FORBIDDEN` when the caller may not read it any more
 */
export function followLog(after: LogPosition | undefined, context: GraphQLContext): AsyncGenerator<Outcome<EventView>> {
  return stream(async function* (signal) {
    for await (const events of stillAllowed(context, { after, concerns: () => true, signal, read: asTheyAre })) {
      requirePermission(context.caller, 'readAuditLog')
      yield* events
    }
  }, context)
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
    const requireStill = () => requirePermission(context.caller, 'readUnusualActivity')
    if (after === undefined)
      yield* everyPage(
        context,
        (organizationId, page) => context.readModel.listUnusualActivity(organizationId, {}, page),
        requireStill,
      )
    const concerns = ({ streamId }: EventView) => parseStreamName(streamId)?.kind === 'unusualActivity'
    for await (const events of stillAllowed(context, { after: from, concerns, signal, read: asTheyAre })) {
      requireStill()
      yield* events.map(asUnusualActivity)
    }
  }, context)
}

type Following<Read> = {
  readonly after: LogPosition | undefined
  /** Which events the subscription is about. */
  readonly concerns: (event: EventView) => boolean
  readonly signal: AbortSignal
  /** Reads what these events changed. */
  readonly read: (events: readonly EventView[]) => Promise<Read> | Read
}

const asTheyAre = (events: readonly EventView[]) => events

// Whoever lost the right to see more (token revoked or expired, user deactivated, role withdrawn) sees no more: the
// caller is established again between reading and delivering, and whenever something happens to the caller.
async function* stillAllowed<Read>(
  context: GraphQLContext,
  { after, concerns, signal, read }: Following<Read>,
): AsyncGenerator<Read> {
  const { organizationId, userId } = context.caller
  for await (const events of context.readModel.follow(organizationId, { after, signal })) {
    const news = events.filter(concerns)
    if (news.length === 0 && !events.some(({ streamId }) => streamId === streams.user(userId))) continue
    const changed = news.length > 0 ? { read: await read(news) } : undefined
    context.caller = await context.authenticateAgain()
    clearAllDataLoaders(context)
    if (changed !== undefined) yield changed.read
  }
}

/** Everything that a list has now, page by page; a client that reads slowly may have lost the right to see more before the next. */
async function* everyPage<Item>(
  context: GraphQLContext,
  list: (organizationId: OrganizationId, page: PageRequest) => Promise<Page<Item>>,
  requireStill: () => void = () => undefined,
): AsyncGenerator<Item> {
  let cursor: string | undefined
  do {
    clearAllDataLoaders(context)
    const page = await list(context.caller.organizationId, {
      direction: 'forward',
      size: maximumPageSize,
      ...(cursor === undefined ? {} : { after: cursor }),
    })
    if (cursor !== undefined) {
      context.caller = await context.authenticateAgain()
      requireStill()
    }
    for (const { item } of page.items) yield item
    cursor = page.hasNextPage ? page.items.at(-1)?.cursor : undefined
  } while (cursor !== undefined)
}

async function changedRequests(events: readonly EventView[], filter: SigningRequestFilter, context: GraphQLContext) {
  const ids = new Set(events.map(({ streamId }) => parseStreamName(streamId)?.id))
  const requests = await context.readModel.signingRequestsByIds(context.caller.organizationId, [
    ...ids,
  ] as SigningRequestId[])
  return requests.filter((request) => request !== undefined).filter((request) => matchesFilter(request, filter))
}
