import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import { Refusal } from '../domain/index.ts'
import { watchAnswers } from './answers.ts'
import { type BodyPace, watchBodies } from './body-pace.ts'
import { addBrowserHeaders } from './browser-headers.ts'
import { type Client, clientOf, type TrustedProxies, trustedProxies } from './client.ts'
import { watchConnections } from './connections.ts'
import { guarded } from './guarded.ts'
import { countLargeBodies, type LargeBodyLimits } from './large-bodies.ts'
import { createRateLimiter, type RateLimits } from './rate-limits.ts'
import { accessOfRoute, type Route } from './route-access.ts'
import { type ServerTls, tlsServer } from './server-tls.ts'
import { asksForWebSocket, type UpgradeHandler, upgradeDispatcher } from './upgrades.ts'
import { countWaitingCalls, type WaitingCalls } from './waiting-calls.ts'

/** How much time and how many connections clients get. */
export type HttpLimits = {
  /** Within which the headers of a request must have come, in milliseconds. */
  readonly headersTimeoutMs: number
  /** After which a connection on which nothing moves in either direction is cut, in milliseconds. */
  readonly idleTimeoutMs: number
  readonly bodyPace: BodyPace
  /** Open connections of the process. */
  readonly maximumConnections: number
  /** Open connections of one address that is no trusted proxy. */
  readonly maximumConnectionsPerAddress: number
  readonly rates: RateLimits
  readonly largeBodies: LargeBodyLimits
  /** Long polls, and streams of events, of one user at once. */
  readonly waitingCallsPerUser: number
}

/** What a service gets whose operator says nothing else. */
export const defaultHttpLimits: HttpLimits = {
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 120_000,
  bodyPace: { minimumBytes: 32 * 1024, windowMs: 30_000, maximumBytes: 4 * 1024 ** 3, afterAnswerMs: 3_000 },
  maximumConnections: 4_000,
  maximumConnectionsPerAddress: 1_000,
  rates: { perToken: 18_000, perAddress: 60_000 },
  largeBodies: { atOnce: 256, atOncePerAddress: 64 },
  waitingCallsPerUser: 1_000,
}

/** What an HTTP server needs. */
export type HttpServerOptions = {
  readonly logger: Logger
  /** Answers what goes wrong before or outside of every route with its own error handler. */
  readonly answerError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply
  /** Default: {@link defaultHttpLimits}. */
  readonly limits?: HttpLimits
  /** Addresses and CIDR ranges of proxies that are believed; default: none. */
  readonly trustedProxies?: readonly string[]
  /** Whether pages of an origin may open WebSockets; default: none may. */
  readonly isAllowedOrigin?: (origin: string) => boolean
  /** Whether pages of an origin may call by other ways than WebSockets; default: none may. */
  readonly isSharedOrigin?: (origin: string) => boolean
  /** By which the server proves who it is; without it, it speaks plain HTTP. */
  readonly tls?: ServerTls
}

/** The one way in: routes are added to `fastify`, upgrades by `onUpgrade`. */
export type HttpServer = {
  readonly fastify: FastifyInstance
  /** Serves upgrades of one path. */
  readonly onUpgrade: (path: string, handler: UpgradeHandler) => void
  /** Who sent a request, by the connection and by the proxies that are trusted. */
  readonly clientOf: (request: IncomingMessage) => Client
  /**
   * Counts what a client asks for over a connection that is open already, as each request is counted.
   *
   * @throws Refusal `TOO_MANY_REQUESTS`
   */
  readonly count: (request: IncomingMessage, authorization: string | undefined) => Promise<void>
  /** Counts what waits for something to happen. */
  readonly waitingCalls: WaitingCalls
  /** The routes so far, each with who may use it. */
  readonly routes: readonly Route[]
}

/**
 * Makes the HTTP server that all APIs share. Every function that Node calls outside of a route is guarded: nothing that a
 * client sends, and no reset, ends the process. A route that does not say who may use it ends the start. It does not listen
 * yet: `fastify.listen` does.
 */
export function openHttpServer(options: HttpServerOptions): HttpServer {
  const { answerError, limits = defaultHttpLimits, tls } = options
  const { isAllowedOrigin = () => false, isSharedOrigin = () => false } = options
  const logger = options.logger.child({ part: 'http' })
  const proxies = trustedProxies(options.trustedProxies ?? [])
  const upgrades = new Map<string, UpgradeHandler>()
  const upgrade = upgradeDispatcher(upgrades, isAllowedOrigin)

  const fastify = Fastify({
    // For every address that the host's name stands for, one with the same guards.
    serverFactory: (handle) => guardedServer(handle, { logger, limits, proxies, upgrade, tls }),
    loggerInstance: logger,
    // One line for each request would drown what matters; refusals and faults are logged where they arise.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    frameworkErrors: answerError,
    forceCloseConnections: true,
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true },
  }) as unknown as FastifyInstance
  const routes: Route[] = []
  fastify.addHook('onRoute', (route) => void routes.push(...accessOfRoute(route)))
  fastify.setErrorHandler(answerError)
  const rates = createRateLimiter(limits.rates)
  const largeBodies = countLargeBodies(limits.largeBodies)
  const ofRequest = (request: IncomingMessage) => clientOf(request, proxies)
  fastify.addHook('onRequest', async ({ raw, routeOptions }, reply) => {
    refuseMalformedTarget(raw.url ?? '')
    if (routeOptions.config?.isProbe === true) return
    await rates.count(ofRequest(raw), raw.headers.authorization)
    largeBodies.count(raw, reply.raw, ofRequest(raw))
  })
  addBrowserHeaders(fastify, { clientOf: ({ raw }) => ofRequest(raw), isAllowedOrigin: isSharedOrigin })

  return {
    fastify,
    onUpgrade: (path, handler) => void upgrades.set(path, handler),
    clientOf: ofRequest,
    count: (request, authorization) => rates.count(ofRequest(request), authorization),
    waitingCalls: countWaitingCalls(limits.waitingCallsPerUser),
    routes,
  }
}

/**
 * Lets a client send its body that asked first (`Expect: 100-continue`): whoever has decided to read it calls this.
 * Clients that are refused never send it.
 */
export function inviteBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect?.toLowerCase() === '100-continue' && !response.headersSent) response.writeContinue()
}

/**
 * A target is ASCII, and what it encodes is UTF-8 (RFC 3986 §2.5): else a name would arrive as another than was meant.
 *
 * @throws Refusal `REQUEST_MALFORMED`
 */
function refuseMalformedTarget(target: string): void {
  try {
    if (/^[\x21-\x7e]*$/.test(target)) {
      decodeURIComponent(target)
      return
    }
  } catch {
    // Refused below.
  }
  throw new Refusal(
    'REQUEST_MALFORMED',
    'The address of the request is not encoded as it must be: characters other than ASCII as UTF-8, each byte as % and two digits.',
  )
}

type Guarding = {
  readonly logger: Logger
  readonly limits: HttpLimits
  readonly proxies: TrustedProxies
  readonly upgrade: UpgradeHandler
  readonly tls: ServerTls | undefined
}

function guardedServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { logger, limits, proxies, upgrade, tls }: Guarding,
) {
  const options: ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    // Bodies have a pace instead: a large upload over a slow line takes as long as it takes.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(2_000, limits.headersTimeoutMs),
    keepAliveTimeout: 72_000,
    shouldUpgradeCallback: asksForWebSocket,
  }
  const server =
    tls === undefined ? createServer(options, handle) : tlsServer(options, handle, tls, limits.headersTimeoutMs)
  server.timeout = limits.idleTimeoutMs
  server.maxConnections = limits.maximumConnections
  const answers = watchAnswers(server, logger)
  watchConnections(server, {
    maximumPerAddress: limits.maximumConnectionsPerAddress,
    isProxy: proxies.has,
    answers,
    logger,
  })
  // Whoever asks before it sends its body is answered by the route, see `inviteBody`.
  server.on(
    'checkContinue',
    guarded('checkContinue', logger, (request, response) => void server.emit('request', request, response)),
  )
  watchBodies(server, limits.bodyPace, answers, logger)
  server.on(
    'upgrade',
    guarded(
      'upgrade',
      logger,
      (request, socket: Duplex, head: Buffer) => {
        if (answers.areBeingSentOn(socket)) socket.destroy()
        else upgrade(request, socket, head)
      },
      (_request, socket) => socket.destroy(),
    ),
  )
  return server
}
