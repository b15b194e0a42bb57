import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { refuseConnection } from './refuse-connection.ts'

/** Takes a connection over from HTTP. The socket has an `error` listener already. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Whether a request asks for the one protocol that we can change to; any other wish is passed over (RFC 9110 §7.8). */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.trim().toLowerCase() === 'websocket'
}

/**
 * Hands upgrades to whoever serves the path.
 *
 * Answers: 400 `REQUEST_MALFORMED` for a target that cannot be read, 404 `PATH_NOT_FOUND` where nobody takes upgrades, 403
 * `ORIGIN_FORBIDDEN` for pages of other origins: a browser lets any page open a WebSocket, and says where it comes from
 * (RFC 6455 §10.2). What sends no origin is no browser.
 */
export function upgradeDispatcher(
  handlers: ReadonlyMap<string, UpgradeHandler>,
  isAllowedOrigin: (origin: string) => boolean,
): UpgradeHandler {
  const seen = new WeakSet<Duplex>()
  return (request, socket, head) => {
    // Of a host name with several addresses, Fastify hands the upgrades of every server to the first one too.
    if (seen.has(socket)) return
    seen.add(socket)
    const path = pathOf(request.url)
    if (path === undefined)
      return refuseConnection(socket, 400, 'REQUEST_MALFORMED', 'The target of the request is no path.')
    const handler = handlers.get(path)
    if (handler === undefined)
      return refuseConnection(socket, 404, 'PATH_NOT_FOUND', 'There are no WebSockets at this path.')
    for (const name of ['origin', 'sec-websocket-origin']) {
      const origin = request.headers[name]
      if (origin !== undefined && !isAllowedOrigin(String(origin)))
        return refuseConnection(
          socket,
          403,
          'ORIGIN_FORBIDDEN',
          'Pages of this origin may not connect. An operator allows it by COUNTERSIGN_ALLOWED_ORIGINS.',
        )
    }
    return handler(request, socket, head)
  }
}

/** The path of a request's target (RFC 9112 §3.2) without the query; `undefined` when it is neither a path nor a URL. */
function pathOf(target: string | undefined): string | undefined {
  if (target === undefined) return undefined
  if (target.startsWith('/')) return target.split(/[?#]/, 1)[0]
  return URL.parse(target)?.pathname
}
