import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { signNodeStatement } from '../../domain/index.ts'
import type { Metrics } from '../metrics.ts'
import type { Verdict } from '../rules/judge.ts'
import type { StatementKey } from '../statement-key.ts'
import { readGraphQLRequest } from './graphql-gate.ts'
import { type AskedBy, announcedDigest, headersToNode, headersToService, vouchedAuthorization } from './headers.ts'
import { NodeLeft, ProxyRefusal } from './refusal.ts'
import { bodyOf } from './request-body.ts'
import { findRoute } from './routes.ts'
import type { ServiceClient, ServiceRequest } from './service-client.ts'

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
  if (read !== undefined) {
    headers['content-length'] = String(read.length)
    // What the node announced is the digest of what it sent, and this was written anew.
    headers['content-digest'] = `sha-256=:${Buffer.from(bodySha256 ?? '', 'hex').toString('base64')}:`
  }

  let receivedBytes = 0
  const body = read ?? (hasBody(request) ? bodyOf(request, (bytes) => (receivedBytes += bytes)) : null)
  try {
    await passOn({ method, target, headers, body }, request, response, asked, { service, metrics })
  } finally {
    if (receivedBytes > 0) metrics.count('received_bytes', {}, receivedBytes)
  }
}

/** Sends a request, and writes its answer as it comes, no faster than the node takes it. */
function passOn(
  sent: ServiceRequest,
  request: IncomingMessage,
  response: ServerResponse,
  asked: AskedBy,
  { service, metrics }: Pick<Forwarding, 'service' | 'metrics'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    let sentBytes = 0
    let isOver = false
    const end = (settle: () => void) => {
      if (isOver) return
      isOver = true
      // What the service did not take, the answer to the node does not wait for.
      if (sent.body instanceof Readable) sent.body.destroy()
      if (sentBytes > 0) metrics.count('sent_bytes', {}, sentBytes)
      settle()
    }
    response.once('close', () => {
      if (!isOver) controller?.abort(new NodeLeft())
      end(() => reject(new NodeLeft()))
    })
    response.on('drain', () => controller?.resume())
    service.send(sent, {
      onRequestStart(started) {
        controller = started
        if (isOver) started.abort(new NodeLeft())
      },
      onResponseStart(_controller, status, headers) {
        if (status < 200) return
        response.writeHead(status, {
          ...headersToNode(headers, service.url, asked),
          // The service answered before it took everything, and what is still to come belongs to no request.
          ...(request.complete ? {} : { connection: 'close' }),
        })
      },
      onResponseData(started, chunk) {
        sentBytes += chunk.length
        if (!response.write(chunk)) started.pause()
      },
      onResponseEnd: () => void response.end(() => end(resolve)),
      onResponseError(_controller, error) {
        const isOurs = error instanceof NodeLeft || response.headersSent
        end(() => reject(isOurs ? error : unavailable(error, metrics)))
      },
    })
  })
}

/** What went wrong, unless it was that the node closed its connection. */
function unlessLeft(request: IncomingMessage): (error: unknown) => never {
  return (error) => {
    throw error === request.errored ? new NodeLeft() : error
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
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
