import { CliError } from '../cli-error.ts'
import { callService, unreachable } from './call-service.ts'
import type { Connection } from './connection.ts'
import { answerOf, answerTo, graphqlOf, problemOf, readJson, type TypedDocument } from './graphql.ts'
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.ts'
import { serviceError, unexpectedAnswer } from './service-error.ts'

/**
 * Follows a subscription over server-sent events (the GraphQL over SSE protocol, distinct connections mode). Yields
 * `'alive'` when the subscription stands and whenever the service keeps the connection alive, else answers. Finishes
 * when the service says that the subscription is complete.
 *
 * @throws CliError with the service's code; `SUBSCRIPTION_UNAVAILABLE` when something on the way does not pass it on;
 *   `SERVER_UNREACHABLE` when the connection breaks
 */
export async function* subscribe<Answer, Variables>(
  connection: Connection,
  document: TypedDocument<Answer, Variables>,
  variables: Variables,
  signal: AbortSignal,
): AsyncGenerator<Answer | 'alive', void, undefined> {
  const response = await callService(connection, graphqlOf(connection), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: document, variables }),
    signal,
  })
  if (!response.ok || response.body === null || !isEventStream(response)) throw await refusal(connection, response)
  yield 'alive'
  for await (const event of eventsOf(connection, response.body, signal)) {
    if (event === undefined) yield 'alive'
    else if (event.event === 'complete') return
    else if (event.event === 'next') yield answerTo(document, parsed(event.data), connection, response)
  }
  throw unreachable(connection.server, new Error('the stream ended'))
}

async function* eventsOf(
  { server }: Connection,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent | undefined> {
  try {
    yield* readServerSentEvents(body)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw error instanceof RangeError ? new CliError('ANSWER_UNEXPECTED', error.message) : unreachable(server, error)
  }
}

function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true
}

async function refusal(connection: Connection, response: Response): Promise<CliError> {
  const { status } = response
  if (status === 429 || status >= 500) {
    await response.body?.cancel()
    return unexpectedAnswer(connection.server, response)
  }
  try {
    const body = await readJson(connection, response)
    const problem = problemOf(body, status)
    if (problem !== undefined) return serviceError(problem)
    answerOf(body, connection, response)
  } catch (error) {
    if (error instanceof CliError && error.code !== 'ANSWER_UNEXPECTED') return error
  }
  return new CliError('SUBSCRIPTION_UNAVAILABLE', `${connection.server.origin} does not pass on server-sent events.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CliError('ANSWER_UNEXPECTED', 'An event of the subscription is no JSON.', { cause: error })
  }
}
