import { CliError } from '../cli-error.ts'
import { missingInAnswer } from './answer-shape.ts'
import { callService, unreachable } from './call-service.ts'
import type { Connection } from './connection.ts'
import { resourceOf } from './server-address.ts'
import { type ServiceFailure, serviceError, unexpectedAnswer } from './service-error.ts'

/** Answers come within milliseconds; a service that takes so long hangs. */
const longestAnswerMs = 60_000

/** Bytes. A page of a hundred requests has some hundred thousand; who sends more than this is broken or hostile. */
const largestAnswer = 16 * 1024 * 1024

declare const types: unique symbol

/**
 * A GraphQL operation with the shape of its variables and its answer. The shapes are written by hand beside the text; a
 * test holds every document against the printed schema.
 */
export type TypedDocument<Answer, Variables> = string & { readonly [types]: (variables: Variables) => Answer }

/** Marks a document with its shapes. */
export function typedDocument<Answer, Variables = Record<string, never>>(
  text: string,
): TypedDocument<Answer, Variables> {
  return text as TypedDocument<Answer, Variables>
}

/**
 * Asks the service a query or a mutation.
 *
 * @throws CliError with the service's code, or `SERVER_UNREACHABLE`, `SERVER_UNAVAILABLE`, `ANSWER_UNEXPECTED`
 */
export async function ask<Answer, Variables>(
  connection: Connection,
  document: TypedDocument<Answer, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Answer> {
  const late = AbortSignal.timeout(longestAnswerMs)
  const ended = signal === undefined ? late : AbortSignal.any([signal, late])
  try {
    const response = await callService(connection, graphqlOf(connection), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
      body: JSON.stringify({ query: document, variables: { ...variables, ...reasonFor(document, connection) } }),
      signal: ended,
    })
    return answerTo(document, await readJson(connection, response, ended), connection, response)
  } catch (error) {
    throw error === late.reason ? unreachable(connection.server, error) : error
  }
}

/** The reason that a change is given, for mutations that take one. */
function reasonFor(document: string, { changeReason }: Connection): { readonly changeReason?: string } {
  return changeReason !== undefined && document.includes('$changeReason:') ? { changeReason } : {}
}

/** The service's GraphQL endpoint. */
export function graphqlOf({ server }: Connection): URL {
  return resourceOf(server, 'graphql')
}

/**
 * Takes what a GraphQL answer holds.
 *
 * @throws CliError with the code of its first error
 */
export function answerOf<Answer>(body: unknown, { server }: Pick<Connection, 'server'>, response: Response): Answer {
  const { data, errors } = (body ?? {}) as { data?: Answer | null; errors?: unknown }
  if (Array.isArray(errors) && errors.length > 0) throw serviceError(failureOf(errors[0], response.status))
  if (data === undefined || data === null) {
    const problem = problemOf(body, response.status)
    throw problem === undefined ? unexpectedAnswer(server, response) : serviceError(problem)
  }
  return data
}

/**
 * Takes what a GraphQL answer holds, which must be all that its document asks for.
 *
 * @throws CliError with the code of its first error; `ANSWER_UNEXPECTED` when something is missing
 */
export function answerTo<Answer, Variables>(
  document: TypedDocument<Answer, Variables>,
  body: unknown,
  connection: Pick<Connection, 'server'>,
  response: Response,
): Answer {
  const answer = answerOf<Answer>(body, connection, response)
  const missing = missingInAnswer(document, answer)
  if (missing === undefined) return answer
  throw new CliError(
    'ANSWER_UNEXPECTED',
    `${connection.server.origin} answered without ${missing === '' ? 'what was asked for' : missing}, or with something else in its place.`,
    {
      hint: 'Is it a Countersign service of the release that this command is of, with nothing between that answers for it?',
    },
  )
}

/** What a REST problem document says; `undefined` when the body is none. */
export function problemOf(body: unknown, status: number): ServiceFailure | undefined {
  const { code, detail, title } = (body ?? {}) as Record<string, unknown>
  return typeof code === 'string' ? { code, message: String(detail ?? title ?? `HTTP ${status}`), status } : undefined
}

/**
 * Reads an answer's JSON, of 16 MiB at most.
 *
 * @throws CliError `ANSWER_UNEXPECTED` or `SERVER_UNAVAILABLE` when it is none, `ANSWER_TOO_LARGE`,
 *   `SERVER_UNREACHABLE` when it breaks off
 */
export async function readJson(
  connection: Pick<Connection, 'server'>,
  response: Response,
  signal?: AbortSignal,
): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/([a-z0-9.-]+\+)?json\b/i.test(type)) {
    await response.body?.cancel()
    throw unexpectedAnswer(connection.server, response)
  }
  try {
    return JSON.parse(await readText(connection.server, response))
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (error instanceof CliError) throw error
    if (!(error instanceof SyntaxError)) throw unreachable(connection.server, error)
    throw new CliError('ANSWER_UNEXPECTED', `${connection.server.origin} sent an answer that is no JSON.`, {
      cause: error,
    })
  }
}

async function readText(server: URL, { body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    // Leaving the loop ends the connection: the rest is not even received.
    if (size > largestAnswer)
      throw new CliError('ANSWER_TOO_LARGE', `${server.origin} sent an answer of more than 16 MiB.`, {
        hint: 'Is this a Countersign service, and the URL its root? (--url, COUNTERSIGN_URL)',
      })
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

function failureOf(error: unknown, status: number): ServiceFailure {
  const { message, extensions } = (error ?? {}) as { message?: unknown; extensions?: { code?: unknown } }
  const { code } = extensions ?? {}
  // An operation that this schema does not know, or takes other arguments: the service is of another version.
  const named = typeof code === 'string' ? code : 'OPERATION_NOT_UNDERSTOOD'
  return { code: named, message: String(message ?? 'The service gave no reason.'), status }
}
