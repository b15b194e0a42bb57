import { CliError } from '../cli-error.ts'
import type { Connection } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import type { RequestDetails } from '../documents/request-fields.ts'
import { type EntityEvent, requestChanges, requestWithEvents } from '../documents/requests.ts'
import { exitCode } from '../exit-code.ts'
import type { Report } from '../output/report.ts'
import { type FeedPace, openChangeFeed, usualPace } from './change-feed.ts'
import { type RetryLimits, retryCall, usualRetryLimits } from './retry-call.ts'

/** What was learnt by one look: what happened since the last one, and where the request stands. */
export type RequestNews = { readonly events: readonly EntityEvent[]; readonly request: RequestDetails }

/** How a request is followed. */
export type FollowOptions = {
  readonly report: Report
  readonly signal: AbortSignal
  /** The log position of the submission: the read model may not have it yet. */
  readonly submittedAt?: string
  readonly pace?: FeedPace
  readonly limits?: RetryLimits
}

/**
 * Follows a request until its final status, each event once and in order. Lives through restarts of the service.
 *
 * @throws CliError `SIGNING_REQUEST_NOT_FOUND`, or what the service refuses with; `SERVER_UNREACHABLE` when it stays away
 * @throws the signal's reason
 */
export async function* followRequest(
  connection: Connection,
  id: string,
  { report, signal, submittedAt, pace = usualPace, limits = usualRetryLimits }: FollowOptions,
): AsyncGenerator<RequestNews> {
  const ended = new AbortController()
  const notices = {
    failing: (error: CliError) => report.note(`${error.message} Waiting for it.`, 'waiting'),
    recovered: () => report.note('The service answers again.', 'faint'),
  }
  let after: string | null = null
  let minimumPosition: string | null = submittedAt ?? null
  // Who asks for the first time learns at once that nobody is there; who waits already goes on waiting.
  let present = submittedAt === undefined ? { awayMs: 0, faultMs: 0 } : limits
  const look = async (): Promise<RequestNews & { readonly more: boolean }> => {
    const variables = { id, after, minimumPosition }
    const { signingRequest } = await retryCall(
      () => ask(connection, requestWithEvents, variables, signal),
      present,
      signal,
      notices,
    )
    present = limits
    if (signingRequest === null) throw requestNotFound(id)
    minimumPosition = null
    const { events, ...request } = signingRequest
    after = events.pageInfo.endCursor ?? after
    return { events: events.nodes, request, more: events.pageInfo.hasNextPage }
  }
  try {
    const feed = openChangeFeed(connection, requestChanges, { id }, AbortSignal.any([signal, ended.signal]), pace)
    for (;;) {
      const { more, ...news } = await look()
      if (news.events.length > 0 || news.request.isFinalStatus) yield news
      if (more) continue
      if (news.request.isFinalStatus) return
      await feed.next()
    }
  } finally {
    ended.abort()
  }
}

/** The error of an id that no request has. */
export function requestNotFound(id: string): CliError {
  return new CliError('SIGNING_REQUEST_NOT_FOUND', `There is no signing request ${id}.`, {
    hint: '`countersign request list` shows the requests.',
    exitCode: exitCode.refused,
  })
}
