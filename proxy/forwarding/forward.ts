import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { signNodeStatement } from '../../domain/index.ts'
import type { Metrics } from '../metrics.ts'
import type { Verdict } from '../rules/judge.ts'
import type { StatementKey } from '../statement-key.ts'
import { readGraphQLRequest } from './graphql-gate.ts'
import { type AskedBy, announcedDigest, headersToNode, headersToService, vouchedAuthorization } from './headers.ts'
import { ProxyRefusal } from './refusal.ts'
import { findRoute } from './routes.ts'
import type { ServiceClient } from './service-client.ts'

/** What requests are passed on with. */
export type Forwarding = {
  readonly service: ServiceClient
  readonly statementKey: StatementKey
  readonly metrics: Metrics
  /** The clock, milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Passes a request of an accepted node on to the service, with the token of the trusted build system and a statement about the node,
 * and the answer back. Bodies stream in both directions, no faster than the slower side takes them.
 *
 * @throws ProxyRefusal `PROXY_PATH_FORBIDDEN`, `PROXY_TOKEN_FORBIDDEN`, `PROXY_SERVICE_UNAVAILABLE`, and those of
 *   {@link readGraphQLRequest}
 */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { ruleSet, node }: Extract<Verdict, { readonly accepted: true }>,
  asked: AskedBy,
  { service, statementKey, metrics, now }: Forwarding,
): Promise<void> {
  const { method = '', url: target = '' } = request
  const route = findRoute(method, target)
  if (route === undefined)
    throw new ProxyRefusal(
      404,
      'PROXY_PATH_FORBIDDEN',
      `The proxy does not pass on ${method} ${target.slice(0, 200)}: it passes on submissions, their state, downloads and uploads. Ask the service itself.`,
    )
  const authorization = vouchedAuthorization(request, ruleSet.token)
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
  const read = route.isGraphQL ? await readGraphQLRequest(request).catch(unlessLeft(request)) : undefined
  const bodySha256 = read === undefined ? announcedDigest(request) : createHash('sha256').update(read).digest('hex')
  const statement = signNodeStatement(
    {
      trustedBuildSystemId: ruleSet.trustedBuildSystemId,
      node,
      method,
      target,
      issuedAt: new Date(now()).toISOString(),
      nonce: randomBytes(16).toString('hex'),
      bodySha256,
    },
    statementKey.keyId,
    statementKey.sign,
  )
  const headers = headersToService(request, { authorization, statement })
  if (read !== undefined) headers['content-length'] = String(read.length)

  const left = new AbortController()
  response.once('close', () => left.abort())
  const received = (bytes: number) => metrics.count('received_bytes', {}, bytes)
  const body = read ?? (hasBody(request) ? bytesOf(request, received) : null)
  const answer = await service.ask({ method, target, headers, body, signal: left.signal }).catch((error: unknown) => {
    throw left.signal.aborted ? new NodeLeft() : unavailable(error, metrics)
  })
  response.writeHead(answer.statusCode, {
    ...headersToNode(answer.headers, service.url, asked),
    // The service answered before it took everything, and what is still to come belongs to no request.
    ...(request.complete ? {} : { connection: 'close' }),
  })
  const counted = new Transform({
    transform(chunk, _encoding, done) {
      metrics.count('sent_bytes', {}, chunk.length)
      done(null, chunk)
    },
  })
  await pipeline(answer.body, counted, response)
}

/** The node closed its connection before it had its answer. */
export class NodeLeft extends Error {}

/** What went wrong, unless it was that the node closed its connection. */
function unlessLeft(request: IncomingMessage): (error: unknown) => never {
  return (error) => {
    throw error === request.errored ? new NodeLeft() : error
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Leaves the connection alone when the service takes no more: the node is to read the answer. */
async function* bytesOf(request: IncomingMessage, received: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    received(chunk.length)
    yield chunk
  }
}

/** The log says why; who asked learns only that it may pass. */
function unavailable(error: unknown, metrics: Metrics): ProxyRefusal {
  const { code = 'other', message } = error as { readonly code?: string; readonly message: string }
  metrics.count('service_errors', { reason: code })
  return new ProxyRefusal(
    502,
    'PROXY_SERVICE_UNAVAILABLE',
    'The proxy cannot reach the service, or got no answer that can be passed on. Try again later.',
    `${code}: ${message}`,
  )
}
