import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { defaultHttpLimits, type HttpServer, openHttpServer } from '../http/index.ts'
// Not by the door, which loads the API: only processes with the role have it.
import { problemErrorHandler } from '../rest/problem.ts'
import type { Settings } from './configuration.ts'
import { serverTls } from './server-tls.ts'
import { maximumUploadSize } from './stores.ts'

/**
 * Makes the HTTP server of a process, with the limits and the origins that the settings allow. It does not listen yet.
 */
export function newHttpServer(settings: Settings, logger: Logger): HttpServer {
  const { trustedProxies, maximumConnections, maximumConnectionsPerAddress } = settings
  const tls = serverTls(settings, logger)
  const http: HttpServer = openHttpServer({
    logger,
    answerError: problemErrorHandler(logger),
    limits: {
      ...defaultHttpLimits,
      // An artifact, and what a form adds to it.
      bodyPace: { ...defaultHttpLimits.bodyPace, maximumBytes: maximumUploadSize(settings) + 1024 ** 2 },
      maximumConnections,
      maximumConnectionsPerAddress,
      rates: { perToken: settings.requestsPerMinutePerToken, perAddress: settings.requestsPerMinutePerAddress },
      waitingCallsPerUser: settings.waitingCallsPerUser,
      largeBodies: { atOnce: settings.uploadsAtOnce, atOncePerAddress: settings.uploadsAtOncePerAddress },
    },
    ...(tls === undefined ? {} : { tls }),
    trustedProxies,
    isAllowedOrigin: (origin) =>
      isOwnOrigin(origin, urlOf(http.fastify, settings)) || settings.allowedOrigins.includes(origin),
    isSharedOrigin: (origin) => settings.allowedOrigins.includes(origin),
  })
  if (tls !== undefined) http.fastify.addHook('onClose', async () => tls.close())
  return http
}

/** Whether a page is ours: of the public URL; of this machine, by any of its names. */
export function isOwnOrigin(origin: string, publicUrl: string): boolean {
  const { protocol, hostname, port, origin: own } = new URL(publicUrl)
  const isLocal = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
  const names = isLocal ? ['127.0.0.1', '[::1]', 'localhost'] : []
  const suffix = port === '' ? '' : `:${port}`
  return origin === own || names.some((name) => origin === `${protocol}//${name}${suffix}`)
}

/** The address as a client on this machine reaches it. */
export function urlOf(fastify: FastifyInstance, settings: Settings): string {
  const [address] = fastify.addresses() as readonly AddressInfo[]
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host
  const scheme = settings.tlsCertificate === undefined ? 'http' : 'https'
  return (
    settings.publicUrl ?? `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address?.port ?? settings.port}`
  )
}
