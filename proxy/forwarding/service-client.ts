import { getCACertificates } from 'node:tls'
import { type Dispatcher, Pool } from 'undici'

/** The service behind the proxy. */
export type ServiceClient = {
  readonly url: URL
  /** Sends a request on. Only a service that proves its name by a certificate of a trusted authority is sent anything. */
  readonly ask: (request: {
    readonly method: string
    /** Path and query, from the root of the service. */
    readonly target: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: AsyncIterable<Uint8Array> | Buffer | null
    readonly signal: AbortSignal
  }) => Promise<Dispatcher.ResponseData>
  /** Waits until nothing is under way. */
  readonly close: () => Promise<void>
}

/** Milliseconds. */
const connectMs = 10_000
const connections = 256

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
  const pool = new Pool(url.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    connect: {
      ca: [...(authorities ?? getCACertificates('default'))],
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      timeout: connectMs,
    },
  })
  return {
    url,
    ask: ({ method, target, headers, body, signal }) =>
      pool.request({
        method: method as Dispatcher.HttpMethod,
        path: `${base}${target}`,
        headers,
        body: body as Dispatcher.DispatchOptions['body'],
        signal,
      } as Dispatcher.RequestOptions),
    close: () => pool.close(),
  }
}
