import { constants } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Logger } from 'pino'
import type { LoadedConfiguration } from './config/load.ts'
import { type Forwarding, forward } from './forwarding/forward.ts'
import { checkFrame } from './forwarding/headers.ts'
import { answerRefusal, certificateRefused, NodeLeft, ProxyRefusal } from './forwarding/refusal.ts'
import type { Nodes } from './nodes.ts'
import type { Verdict } from './rules/judge.ts'

/** What the server for nodes needs. */
export type NodeServerOptions = Forwarding & {
  readonly loaded: LoadedConfiguration
  readonly nodes: Nodes
  readonly logger: Logger
}

/** Milliseconds. */
const limits = { handshake: 10_000, headers: 10_000, keepAlive: 72_000, restOfBody: 3_000, answerOfService: 5_000 }

/**
 * Makes the server that nodes connect to. Every node may finish the handshake: by which certificate it may do what is judged by the
 * rules, for each request. No session is resumed and none renegotiated, so a connection has one certificate, which its handshake
 * proved.
 */
export function createNodeServer(options: NodeServerOptions): Server {
  const { loaded, nodes, logger, metrics } = options
  const answer = (request: IncomingMessage, response: ServerResponse) => void serve(request, response, options)
  const server = createServer(
    {
      ...secureContextOf(loaded),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshake,
      headersTimeout: limits.headers,
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAlive,
      connectionsCheckingInterval: 2_000,
      insecureHTTPParser: false,
      ALPNProtocols: ['http/1.1'],
    },
    answer,
  )
  // A service that says nothing is given up first: the node is to be told, and not to be cut off.
  server.timeout = loaded.configuration.limits.idleSeconds * 1_000 + limits.answerOfService
  server.maxConnections = loaded.configuration.limits.connections
  // Bodies are invited by whoever has decided to pass them on.
  server.on('checkContinue', answer)
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    metrics.count('handshake_failures', { code: error.code ?? 'other' })
    socket.destroy()
  })
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => undefined)
    metrics.count('connections')
    // Never so with these settings. Its certificate would be none that this handshake proved.
    if (socket.isSessionReused()) socket.destroy()
    else nodes.add(socket)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    logger.warn(
      { reason: error.code, remoteAddress: remoteAddressOf(socket as TLSSocket) },
      'a request could not be read',
    )
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () => socket.destroy())
  })
  return server
}

/** What of the files goes into handshakes; those that are made already keep what they have. */
export function secureContextOf({ identity, clientAuthorities, configuration }: LoadedConfiguration) {
  return {
    ...identity,
    // Named to clients, so that they choose a certificate of these. Who is accepted is not decided by it.
    ca: [...clientAuthorities],
    minVersion: configuration.tls.minimumVersion,
    secureOptions: constants.SSL_OP_NO_TICKET | noRenegotiation,
  }
}

/** SSL_OP_NO_RENEGOTIATION of OpenSSL, which Node's types leave out. */
const noRenegotiation = 1 << 30

async function serve(request: IncomingMessage, response: ServerResponse, options: NodeServerOptions): Promise<void> {
  const { nodes, logger, metrics } = options
  const socket = request.socket as TLSSocket
  const began = performance.now()
  const remoteAddress = remoteAddressOf(socket)
  let verdict: Verdict | undefined
  let refusal: ProxyRefusal | undefined
  response.once('finish', () => discardRest(request))
  request.on('error', () => undefined)
  response.on('error', () => undefined)
  try {
    const asked = checkFrame(request)
    verdict = await nodes.verdict(socket, asked.host)
    count(verdict, options)
    if (!verdict.accepted) throw certificateRefused()
    await forward(request, response, verdict, asked, options)
  } catch (error) {
    if (error instanceof ProxyRefusal) refusal = error
    else if (!(error instanceof NodeLeft) && !response.headersSent) {
      logger.error({ err: error, code: 'HANDLER_FAILED' }, 'a request could not be handled')
      refusal = new ProxyRefusal(500, 'PROXY_FAULT', 'The proxy failed inside; its log says how.')
    }
    if (refusal === undefined) response.destroy()
    else answerRefusal(response, refusal)
  }
  const { method, url = '' } = request
  const status = response.headersSent ? response.statusCode : 0
  metrics.count('requests', { status: String(status) })
  const fields = {
    decision: verdict?.accepted === true ? 'accepted' : 'refused',
    ...decisionFields(verdict),
    remoteAddress,
    method,
    // What stands behind the question mark may be somebody's secret.
    path: url.split('?', 1)[0]?.slice(0, 500),
    status,
    ...(refusal !== undefined && { code: refusal.code, reason: refusal.reason }),
    milliseconds: Math.round(performance.now() - began),
  }
  if (verdict?.accepted === true && refusal === undefined) logger.info(fields, 'request')
  else logger.warn(fields, 'request refused')
}

function count(verdict: Verdict, { metrics }: NodeServerOptions): void {
  metrics.count(
    'decisions',
    verdict.accepted
      ? { outcome: 'accepted', rule_set: verdict.ruleSet.name, reason: '' }
      : { outcome: 'refused', rule_set: '', reason: verdict.objections[0]?.reason ?? 'noRuleSet' },
  )
}

function decisionFields(verdict: Verdict | undefined): object {
  if (verdict === undefined) return {}
  if (!verdict.accepted) return { objections: verdict.objections }
  const { ruleSet, node, notes } = verdict
  return { ruleSet: ruleSet.name, node, ...(notes.length > 0 && { notes }) }
}

/** Lets a node that is still sending read its answer, and then cuts the line: a reset would take the answer with it. */
function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  request.resume()
  const timer = setTimeout(() => request.socket.destroy(), limits.restOfBody)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}

function remoteAddressOf({ remoteAddress }: TLSSocket): string | undefined {
  return remoteAddress
}
