import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Client } from './client.ts'

/** For how long a browser comes by TLS alone after it did once (RFC 6797): a year. */
const transportSecurity = 'max-age=31536000'

/** What browsers are told with every answer that says nothing else. No answer of the API is a page. */
const always: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** What scripts of an allowed origin may send and read (Fetch Standard §3.2). */
const shared = {
  methods: 'GET, HEAD, POST, PUT, PATCH, DELETE',
  requestHeaders:
    'authorization, content-type, content-digest, idempotency-key, range, if-match, if-none-match, last-event-id',
  answerHeaders: 'location, etag, content-disposition, content-range, repr-digest, retry-after',
  preflightSeconds: '600',
}

/**
 * Adds the headers by which browsers protect users to every answer, and answers browsers that ask whether a page of another
 * origin may call (CORS): of the allowed origins it may, of all others it gets no headers and so may not.
 *
 * @param isAllowedOrigin whether the operator allowed an origin
 */
export function addBrowserHeaders(
  fastify: FastifyInstance,
  {
    clientOf,
    isAllowedOrigin,
  }: { readonly clientOf: (request: FastifyRequest) => Client; readonly isAllowedOrigin: (origin: string) => boolean },
): void {
  fastify.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    if (origin === undefined || !isAllowedOrigin(origin)) return
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': shared.answerHeaders,
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Origin',
    })
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': shared.methods,
        'access-control-allow-headers': shared.requestHeaders,
        'access-control-max-age': shared.preflightSeconds,
      })
      .send()
  })
  fastify.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(always)) if (!reply.hasHeader(name)) reply.header(name, value)
    if (clientOf(request).protocol === 'https') reply.header('strict-transport-security', transportSecurity)
  })
}
