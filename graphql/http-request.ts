import type { FastifyReply, FastifyRequest } from 'fastify'
import { GraphQLError } from 'graphql'
import { Refusal } from '../domain/index.ts'
import { endpoint } from './server.ts'

/** What is said of bodies of other types. */
export const jsonOnly = 'Send GraphQL as JSON, with the header «Content-Type: application/json».'

/** What is said when no type that the client accepts is one of an answer. */
export const acceptable =
  'Answers are application/json and application/graphql-response+json, of subscriptions also text/event-stream: name one of them in the header «Accept».'

/** The error for a request that is wrong before anybody looks at what it asks. */
export function refusal(code: string, status: number, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status } } })
}

/**
 * What Yoga needs of a request, made anew: its own reading of Node's takes the host from the client, which may be none
 * that a URL can have, and an empty body for none that was read. Aborted when the client leaves.
 *
 * @throws Refusal `REQUEST_MALFORMED`
 * @throws GraphQLError `NOT_ACCEPTABLE`
 */
export function asFetchRequest(request: FastifyRequest, reply: FastifyReply, protocol: 'http' | 'https'): Request {
  refuseMalformedParameters(request.url)
  const [, ...query] = request.url.split('?')
  const { 'content-type': contentType } = request.headers
  const left = new AbortController()
  reply.raw.once('close', () => left.abort())
  return new Request(`${protocol}://localhost${endpoint}?${query.join('?')}`, {
    method: request.method,
    headers: {
      accept: answerTypes(request.headers.accept),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
    ...(request.method === 'GET' ? {} : { body: String(request.body ?? '') }),
    signal: left.signal,
  })
}

/**
 * JSON between systems is UTF-8 (RFC 8259 §8.1). What is not must not become something that nobody sent.
 *
 * @throws Refusal `REQUEST_MALFORMED`
 * @throws GraphQLError `BAD_REQUEST` when it is no JSON: Yoga's own would quote the parser's error
 */
export function jsonText(body: Buffer): string {
  const text = utf8(body)
  try {
    JSON.parse(text)
  } catch (error) {
    const [place = ''] = / at position \d+/.exec((error as Error).message) ?? []
    throw refusal('BAD_REQUEST', 400, `The body of the request is not well-formed JSON${place}.`)
  }
  return text
}

function utf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new Refusal('REQUEST_MALFORMED', 'The body of the request is not UTF-8.')
  }
}

/**
 * What stands in the address as JSON must be an object (GraphQL over HTTP §5.1.1). Yoga would take it for a fault of ours.
 *
 * @throws Refusal `REQUEST_MALFORMED`
 */
function refuseMalformedParameters(url: string): void {
  const [, ...query] = url.split('?')
  const parameters = new URLSearchParams(query.join('?'))
  for (const name of ['variables', 'extensions'])
    for (const text of parameters.getAll(name))
      if (text !== '' && !isJsonObject(text))
        throw new Refusal('REQUEST_MALFORMED', `The parameter ${name} in the address is no JSON object.`)
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && !Array.isArray(value)
  } catch {
    return false
  }
}

/**
 * Which types an answer may have. Answers in parts (`multipart/mixed`) are for what the schema does not have, and Yoga
 * fails in making them when a client leaves early.
 *
 * @throws GraphQLError `NOT_ACCEPTABLE`
 */
function answerTypes(accept = '*/*'): string {
  const types = accept
    .split(',')
    .map((type) => type.trim())
    .filter((type) => !/^multipart\//i.test(type))
  if (types.length === 0) throw refusal('NOT_ACCEPTABLE', 406, acceptable)
  return types.map((type) => (type.startsWith('*/*') ? 'application/json, text/event-stream' : type)).join(', ')
}
