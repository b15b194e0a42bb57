import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'

/** By which a server proves who it is: PEM. */
export type TlsIdentity = {
  /** The certificate, and those by which it leads to its authority. */
  readonly certificate: Buffer
  readonly key: Buffer
}

/** How a server speaks TLS. */
export type ServerTls = {
  readonly identity: TlsIdentity
  /** Called with a function by which connections from then on are given another identity, such as a renewed certificate. */
  readonly onServer: (replace: (identity: TlsIdentity) => void) => void
}

/** Older versions have known weaknesses (RFC 8996). */
const oldest = 'TLSv1.2'

/** Makes an HTTP server that speaks TLS, and nothing else. */
export function tlsServer(
  options: ServerOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { identity, onServer }: ServerTls,
  handshakeTimeout: number,
): Server {
  const server = createServer({ ...options, ...contextOf(identity), handshakeTimeout }, handle)
  // Before the handshake is over nothing else hears of a connection's errors; after it, nobody before the first request.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  server.prependListener('secureConnection', (socket) => void socket.on('error', () => undefined))
  onServer((next) => server.setSecureContext(contextOf(next)))
  return server
}

function contextOf({ certificate, key }: TlsIdentity) {
  return { cert: certificate, key, minVersion: oldest } as const
}
