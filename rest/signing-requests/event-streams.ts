import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Caller, isLogPosition } from '../../application/index.ts'
import { isFinalStatus, parseStreamName, Refusal, type SigningRequestId, streams } from '../../domain/index.ts'
import type { LogPosition } from '../../event-log/index.ts'
import { type EventView, matchesFilter, type SigningRequestView } from '../../projections/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { problemOf } from '../problem.ts'
import { findRequest } from './find-request.ts'
import { filterFields, requestFilterOf } from './list-filter.ts'
import type { ReadingDependencies } from './read-requests.ts'
import { statusOf } from './status-document.ts'

/** What event streams work with. */
export type StreamingDependencies = ReadingDependencies & {
  /** Aborted when the service stops: event streams end. */
  readonly stopping: AbortSignal
  /** Is told of faults of ours, which end a stream. */
  readonly logger: Logger
}

/** How often something is sent while nothing happens, so that nobody between takes the connection for dead, in milliseconds. */
const keepAliveMs = 15_000

/** How long a client's last event is waited for, in milliseconds. */
const readModelTimeoutMs = 5_000

const tag = 'Signing requests'
const access = 'readOrganization'
const streamOfEvents = {
  200: {
    description:
      'Server-sent events. The data of `signingRequest` is what `/Status` answers; the id is what `Last-Event-ID` goes on from.',
    mediaType: 'text/event-stream',
  },
} as const

/** Without buffering between: nginx would hold events back until the end. */
const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-accel-buffering': 'no',
  // What is compressed on its way is held back, too.
  'cache-control': 'no-store, no-transform',
}

/**
 * `GET …/SigningRequests/{id}/Events`, which ends after the final status, and `…/SigningRequests/Events`: changes of requests as
 * server-sent events (WHATWG HTML §9.2), each within a second.
 */
export function streamingOperations(dependencies: StreamingDependencies): readonly Operation[] {
  return [
    operation({
      method: 'GET',
      path: `${organizationPath}/SigningRequests/Events`,
      access,
      operationId: 'signingRequestsChanged',
      tag,
      summary: 'Changes of signing requests, as they happen',
      description: 'Begins with an event `ready`, whose id says from where on changes are sent.',
      query: filterFields,
      answers: streamOfEvents,
      async handle({ caller, query, request, whenAnswered }) {
        const filter = await requestFilterOf(dependencies.readModel, caller, query)
        const after = (await lastSeen(dependencies, request)) ?? (await dependencies.readModel.position())
        const matching = (view: SigningRequestView) => matchesFilter(view, filter)
        whenAnswered(dependencies.waitingCalls.enter(caller))
        return {
          status: 200,
          headers,
          body: sent(dependencies, request, (signal) =>
            allChanges(dependencies, { caller, request, after, matching, signal }),
          ),
        }
      },
    }),
    operation({
      method: 'GET',
      path: `${organizationPath}/SigningRequests/{signingRequestId}/Events`,
      access,
      operationId: 'signingRequestChanged',
      tag,
      summary: 'A signing request as it is, and again whenever it changes',
      description: 'Ends after its final status.',
      parameters: z.object({ signingRequestId: z.string() }),
      answers: streamOfEvents,
      async handle({ caller, parameters: { signingRequestId }, request, whenAnswered }) {
        const seen = await lastSeen(dependencies, request)
        const position = await dependencies.readModel.position()
        const found = await findRequest(dependencies, caller, signingRequestId)
        const begin = { caller, request, after: seen ?? position, first: found, isResumed: seen !== undefined }
        whenAnswered(dependencies.waitingCalls.enter(caller))
        return {
          status: 200,
          headers,
          body: sent(dependencies, request, (signal) => changesOfOne(dependencies, { ...begin, signal })),
        }
      },
    }),
  ]
}

type Following = {
  readonly caller: Caller
  readonly request: FastifyRequest
  readonly after: LogPosition | undefined
  readonly signal: AbortSignal
}

async function* allChanges(
  dependencies: StreamingDependencies,
  following: Following & { readonly matching: (view: SigningRequestView) => boolean },
): AsyncGenerator<string> {
  const { after, matching } = following
  yield message({ event: 'ready', id: after, data: {} })
  const isOfRequest = ({ streamId }: EventView) => parseStreamName(streamId)?.kind === 'signingRequest'
  const idOf = ({ streamId }: EventView) => parseStreamName(streamId)?.id as SigningRequestId
  for await (const { views, id } of stillAllowed(dependencies, following, { concerns: isOfRequest, idOf })) {
    const wanted = views.filter((view) => view !== undefined).filter(matching)
    // The last one has the id: whoever leaves before it is sent all of them again.
    for (const view of wanted) yield changed(dependencies, view, view === wanted.at(-1) ? id : undefined)
  }
}

async function* changesOfOne(
  dependencies: StreamingDependencies,
  following: Following & { readonly first: SigningRequestView; readonly isResumed: boolean },
): AsyncGenerator<string> {
  const { after, first, isResumed } = following
  const isOver = ({ workflowStatus }: SigningRequestView) => isFinalStatus(workflowStatus)
  // Who goes on has seen it as it was, unless it has come to its end since.
  if (!isResumed || isOver(first)) yield changed(dependencies, first, after)
  if (isOver(first)) return
  const isOfThis = ({ streamId }: EventView) => streamId === first.streamId
  const idOf = () => first.signingRequestId
  for await (const {
    views: [view],
    id,
  } of stillAllowed(dependencies, following, { concerns: isOfThis, idOf })) {
    if (view === undefined) continue
    yield changed(dependencies, view, id)
    if (isOver(view)) return
  }
}

/** Requests that changed, as they are, and the position of the last event that changed them. */
type Changes = { readonly views: readonly (SigningRequestView | undefined)[]; readonly id: LogPosition | undefined }

/**
 * What events that concern the stream changed. Whoever lost the right to see more (token revoked, user deactivated) sees no more: the
 * caller is established again between reading and sending, and whenever something happens to the caller.
 */
async function* stillAllowed(
  { readModel, authenticateAgain }: StreamingDependencies,
  { caller: { organizationId, userId }, request, after, signal }: Following,
  {
    concerns,
    idOf,
  }: { readonly concerns: (event: EventView) => boolean; readonly idOf: (event: EventView) => SigningRequestId },
): AsyncGenerator<Changes> {
  for await (const events of readModel.follow(organizationId, { after, signal })) {
    const news = events.filter(concerns)
    if (news.length === 0 && !events.some(({ streamId }) => streamId === streams.user(userId))) continue
    const ids = [...new Set(news.map(idOf))]
    const views = ids.length === 0 ? [] : await readModel.signingRequestsByIds(organizationId, ids)
    await authenticateAgain(request)
    if (news.length > 0) yield { views, id: news.at(-1)?.position }
  }
}

/** A stream of messages with comments between while nothing happens. It ends when the client leaves, and when the service stops. */
function sent(
  { stopping, logger }: StreamingDependencies,
  request: FastifyRequest,
  messages: (signal: AbortSignal) => AsyncIterable<string>,
): Readable {
  const left = new AbortController()
  let wanted = Promise.withResolvers<void>()
  const body = new Readable({
    read: () => wanted.resolve(),
    destroy(error, done) {
      left.abort()
      wanted.resolve()
      done(error)
    },
  })
  const keepAlive = setInterval(() => body.push(': nothing new\n\n'), keepAliveMs)
  const send = async () => {
    try {
      for await (const each of messages(AbortSignal.any([left.signal, stopping]))) {
        if (left.signal.aborted) return
        if (body.push(each)) continue
        // A client that reads slowly is waited for: what happens meanwhile is read from the log's copy later.
        wanted = Promise.withResolvers()
        await wanted.promise
      }
    } catch (error) {
      const { status, code } = problemOf(error, request.id)
      if (status >= 500 && !left.signal.aborted)
        logger.error({ err: error, correlationId: request.id, code }, 'Stream of events failed')
      body.push(message({ event: 'error', id: undefined, data: { code } }))
    } finally {
      clearInterval(keepAlive)
      if (!body.destroyed) body.push(null)
    }
  }
  void send()
  return body
}

function changed({ links }: StreamingDependencies, view: SigningRequestView, id: LogPosition | undefined): string {
  return message({ event: 'signingRequest', id, data: statusOf(view, links) })
}

function message({
  event,
  id,
  data,
}: {
  readonly event: string
  readonly id: LogPosition | undefined
  readonly data: object
}) {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** Where a client goes on that was here before. @throws Refusal `POSITION_MALFORMED`; ReadModelError `READ_MODEL_BEHIND` */
async function lastSeen(
  { readModel }: StreamingDependencies,
  { headers }: FastifyRequest,
): Promise<LogPosition | undefined> {
  const text = headers['last-event-id']
  if (text === undefined || text === '') return undefined
  if (!isLogPosition(text))
    throw new Refusal('POSITION_MALFORMED', 'Last-Event-ID is no position of this log. Events name positions.')
  await readModel.waitFor(text, { timeoutMs: readModelTimeoutMs })
  return text
}
