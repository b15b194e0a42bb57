import type { Readable } from 'node:stream'
import { getCACertificates } from 'node:tls'
import { type Dispatcher, Pool } from 'undici'

/** A request to the service. */
export type ServiceRequest = {
  readonly method: string
  /** Path and query, from the root of the service. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readable | Buffer | null
}

/** The service behind the proxy. */
export type ServiceClient = {
  readonly url: URL
  /**
   * Sends a request on, and hands the answer out as it comes. Only a service that proves its name by a certificate of a trusted
   * authority is sent anything.
   */
  readonly send: (request: ServiceRequest, handler: Dispatcher.DispatchHandler) => void
  /** The status of an answer to a GET of the service itself. */
  readonly statusOf: (target: string, signal: AbortSignal) => Promise<number>
  /** Waits until nothing is under way. */
  readonly close: () => Promise<void>
}

/** Milliseconds. */
const connectMs = 10_000
const connections = 256
/** Bytes that a connection takes before it asks to wait; undici's own for TLS are those of one record. */
const connectionBuffer = 256 * 1024

/**
 * Opens connections to a service as they are needed.
 *
 * @param authorities PEM; instead of those of the system
 * @param idleMs after which a service that says nothing is given up
 */
export function openServiceClient(
  address: string,
  authorities: readonly string[] | undefined,
  idleMs: number,
): ServiceClient {
  const url = new URL(address)
  const base = url.pathname.replace(/\/$/, '')
  // Of these undici hands `highWaterMark`, which its types do not name, to the stream of the connection.
  const connect = {
    ca: [...(authorities ?? getCACertificates('default'))],
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    timeout: connectMs,
    highWaterMark: connectionBuffer,
  } as const
  const pool = new Pool(url.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    connect,
  })
  return {
    url,
    send: ({ method, target, headers, body }, handler) =>
      void pool.dispatch({ method: method as Dispatcher.HttpMethod, path: `${base}${target}`, headers, body }, handler),
    async statusOf(target, signal) {
      const { statusCode, body } = await pool.request({ method: 'GET', path: `${base}${target}`, signal })
      await body.dump()
      return statusCode
    },
    close: () => pool.close(),
  }
}
