import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GraphQLError } from 'graphql'
import { Refusal } from '../domain/index.ts'
import { bearerToken, type FaultLog, type HttpServer, inviteBody } from '../http/index.ts'
import type { GraphQLDependencies } from './dependencies.ts'
import { asGraphQLError, asUnauthenticated } from './errors.ts'
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
    async (_: FastifyRequest, body: Buffer) => utf8(body),
  )
  scope.setErrorHandler<FastifyError>((error, _request, reply) => refuse(reply, requestError(error, logger)))
  const senders = new WeakMap<FastifyRequest, Sender>()
  scope.route({
    method: ['GET', 'POST'],
    url: endpoint,
    exposeHeadRoute: false,
    // Before the body: whoever is nobody to us does not make us wait for one.
    onRequest: async (request, reply) => {
      const { address } = http.clientOf(request.raw)
      const token = bearerToken(request.headers.authorization)
      const authenticateAgain = () => application.authenticate(token, address)
      try {
        senders.set(request, { caller: await authenticateAgain(), authenticateAgain })
      } catch (error) {
        return refuse(reply, asUnauthenticated(error, logger))
      }
      inviteBody(request.raw, reply.raw)
    },
    handler: async (request, reply) => {
      const sender = senders.get(request) as Sender
      const { protocol } = http.clientOf(request.raw)
      return reply.send(await server.handleNodeRequestAndResponse(asNodeRequest(request, protocol), reply, sender))
    },
  })
}

/** JSON between systems is UTF-8 (RFC 8259 §8.1). What is not must not become something that nobody sent. */
function utf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new Refusal('REQUEST_MALFORMED', 'The body of the request is not UTF-8.')
  }
}

// Fastify's request has what Yoga needs of Node's: method, URL, headers, and the body that was read within its limit.
function asNodeRequest(
  request: FastifyRequest,
  protocol: 'http' | 'https',
): Parameters<GraphQLServer['handleNodeRequestAndResponse']>[0] {
  const { raw, method, url, headers, body, host } = request
  return { raw, method, url, headers, body, protocol, hostname: host } as never
}

function refuse(reply: FastifyReply, error: GraphQLError): FastifyReply {
  const { http, ...extensions } = error.extensions
  if (http?.headers !== undefined) reply.headers(http.headers)
  return reply
    .status(http?.status ?? 500)
    .type('application/json')
    .send({ errors: [{ message: error.message, extensions }] })
}

// What Fastify finds wrong with a request before anybody looks at it.
function requestError(error: FastifyError, logger: FaultLog): GraphQLError {
  const refused = (code: string, message: string) =>
    new GraphQLError(message, { extensions: { code, http: { status: error.statusCode ?? 400 } } })
  if (error instanceof Refusal) return refused(error.code, error.message)
  if (error.statusCode === 415)
    return refused(
      'CONTENT_TYPE_UNSUPPORTED',
      'Send GraphQL as JSON, with the header «Content-Type: application/json».',
    )
  if (error.statusCode === 413)
    return refused('REQUEST_TOO_LARGE', `The request is longer than ${maximumBodyLength} bytes.`)
  if (error.statusCode !== undefined && error.statusCode < 500) return refused('REQUEST_MALFORMED', error.message)
  return asGraphQLError(error, logger)
}
