import { Readable } from 'node:stream'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GraphQLError } from 'graphql'
import { Refusal } from '../domain/index.ts'
import { callCredentials, type FaultLog, type HttpServer, inviteBody, requireAnnouncedBody } from '../http/index.ts'
import type { GraphQLDependencies } from './dependencies.ts'
import { asGraphQLError, asUnauthenticated } from './errors.ts'
import { acceptable, asFetchRequest, jsonOnly, jsonText, refusal } from './http-request.ts'
import { endpoint, type GraphQLServer, type Sender } from './server.ts'

/** The longest request body, in bytes: comments and descriptions are short, files go elsewhere. */
export const maximumBodyLength = 256 * 1024

/**
 * Queries, mutations and subscriptions (server-sent events) over HTTP: `POST` with JSON, `GET` for queries and
 * subscriptions. A caller whom we do not know gets 401 and learns nothing else.
 */
export async function registerHttp(
  scope: FastifyInstance,
  http: HttpServer,
  server: GraphQLServer,
  { application, logger }: GraphQLDependencies,
): Promise<void> {
  // A page elsewhere can make a browser send forms and plain text, but not JSON, without asking first.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maximumBodyLength },
    async ({ headers }: FastifyRequest, body: Buffer) => {
      requireAnnouncedBody(body, headers['content-digest']?.toString())
      return jsonText(body)
    },
  )
  scope.setErrorHandler<FastifyError>((error, _request, reply) => refuse(reply, requestError(error, logger)))
  const senders = new WeakMap<FastifyRequest, Sender>()
  scope.route({
    method: ['GET', 'POST'],
    url: endpoint,
    exposeHeadRoute: false,
    config: { access: 'fieldByField' },
    // Before the body is read: a caller who is not known cannot make the service wait for one.
    onRequest: async (request, reply) => {
      const { address } = http.clientOf(request.raw)
      const credentials = callCredentials(request.raw)
      try {
        const caller = await application.authenticate(credentials, address)
        const authenticateAgain = () => application.authenticate(credentials, address, caller)
        senders.set(request, { caller, authenticateAgain })
      } catch (error) {
        return refuse(reply, asUnauthenticated(error, logger))
      }
      inviteBody(request.raw, reply.raw)
    },
    handler: async (request, reply) => {
      const sender = senders.get(request) as Sender
      const { protocol } = http.clientOf(request.raw)
      const answer = await server.handleRequest(asFetchRequest(request, reply, protocol), sender)
      // Yoga says these two by their status alone.
      if (answer.status === 415) throw refusal('CONTENT_TYPE_UNSUPPORTED', 415, jsonOnly)
      if (answer.status === 406) throw refusal('NOT_ACCEPTABLE', 406, acceptable)
      return answer.body !== null && isEventStream(answer)
        ? sendEvents(reply, answer.status, answer.body)
        : reply.send(answer)
    },
  })
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true
}

/**
 * Sends events as they come, until there are no more or the client leaves. Yoga's stream fails when it is given up before
 * it was read, so it is read at once.
 */
function sendEvents(reply: FastifyReply, status: number, body: ReadableStream<Uint8Array>): FastifyReply {
  const reader = body.getReader()
  const first = reader.read()
  let left = false
  const giveUp = () => {
    left = true
    // Of the stream, not of the reader, which would wait for the event that it is waiting for.
    void body.cancel().catch(() => undefined)
  }
  if (reply.raw.closed) giveUp()
  else reply.raw.once('close', giveUp)
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let read = await first; !read.done; read = await reader.read()) yield read.value
    } catch (error) {
      if (!left) throw error
    }
  }
  return (
    reply
      .status(status)
      .type('text/event-stream')
      // Proxies collect answers by default, which would hold events back.
      .headers({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' })
      .send(Readable.from(chunks(), { objectMode: false }))
  )
}

function refuse(reply: FastifyReply, error: GraphQLError): FastifyReply {
  const { http, ...extensions } = error.extensions
  if (http?.headers !== undefined) reply.headers(http.headers)
  return reply
    .status(http?.status ?? 500)
    .type('application/json')
    .send({ errors: [{ message: error.message, extensions }] })
}

// What is wrong with a request before anybody looks at what it asks.
function requestError(error: FastifyError, logger: FaultLog): GraphQLError {
  const { statusCode: status = 400 } = error
  if (error instanceof GraphQLError) return error
  if (error instanceof Refusal) return tooMany(error) ?? refusal(error.code, 400, error.message)
  if (error.code === 'ERR_STREAM_PREMATURE_CLOSE')
    return refusal('REQUEST_MALFORMED', 400, 'The request ended before all of it had come.')
  if (status === 415) return refusal('CONTENT_TYPE_UNSUPPORTED', 415, jsonOnly)
  if (status === 413) return refusal('REQUEST_TOO_LARGE', 413, `The request is longer than ${maximumBodyLength} bytes.`)
  if (error.statusCode !== undefined && status < 500) return refusal('REQUEST_MALFORMED', status, error.message)
  return asGraphQLError(error, logger)
}

/** What the limits of the HTTP server refuse (`http/rate-limits.ts`), with the time after which it may be tried again. */
function tooMany({ code, message, details }: Refusal): GraphQLError | undefined {
  const { retryAfterSeconds } = details
  if (typeof retryAfterSeconds !== 'number') return undefined
  const headers = { 'retry-after': String(retryAfterSeconds) }
  return new GraphQLError(message, { extensions: { code, details, http: { status: 429, headers } } })
}
