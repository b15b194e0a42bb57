import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type FaultLog, guarded } from './guarded.ts'
import { refuseConnection } from './refuse-connection.ts'

/** How fast a body must come. */
export type BodyPace = {
  /** Bytes that must come within every window, or the rest of the body. */
  readonly minimumBytes: number
  /** Milliseconds. */
  readonly windowMs: number
  /** For how long the rest of a body is taken from the line after its answer, in milliseconds. */
  readonly afterAnswerMs: number
}

type Reception = { readonly response: ServerResponse; bytes: number; since: number }

/**
 * Sees to it that bodies arrive. One that comes slower than the pace is cut with 408 `REQUEST_TOO_SLOW`; time in which we
 * do not take what has come is not the client's. What comes of a body after the answer is thrown away for a moment, and
 * then the connection is cut.
 */
export function watchBodies(
  server: Server,
  { minimumBytes, windowMs, afterAnswerMs }: BodyPace,
  logger: FaultLog,
): void {
  const underWay = new Map<IncomingMessage, Reception>()

  function begin(request: IncomingMessage, response: ServerResponse): void {
    const { headers, socket } = request
    response.once('finish', () => discardUnreadBody(request, afterAnswerMs))
    if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return
    underWay.set(request, { response, bytes: socket.bytesRead, since: performance.now() })
    request.once('close', () => underWay.delete(request))
  }

  function check(now: number): void {
    for (const [request, reception] of underWay) {
      const { socket } = request
      if (request.complete || request.destroyed) {
        underWay.delete(request)
        continue
      }
      const isWaitingForUs = request.readableLength > 0
      if (isWaitingForUs || socket.bytesRead - reception.bytes >= minimumBytes) {
        reception.bytes = socket.bytesRead
        reception.since = now
      } else if (now - reception.since >= windowMs) {
        underWay.delete(request)
        if (reception.response.headersSent) socket.destroy()
        else
          refuseConnection(
            socket,
            408,
            'REQUEST_TOO_SLOW',
            `Less than ${minimumBytes} bytes of the body came within ${windowMs / 1_000} seconds. Send it again over a faster line.`,
          )
      }
    }
  }

  server.prependListener('request', guarded('request', logger, begin))
  const timer = setInterval(
    guarded('body pace', logger, () => check(performance.now())),
    Math.max(50, windowMs / 10),
  )
  timer.unref()
  server.once('close', () => clearInterval(timer))
}

/**
 * Lets a client that is still sending see the answer. A connection closed with bytes unread is reset, and the answer is
 * lost with it; so what still comes is thrown away for a moment, and then the line is cut.
 */
function discardUnreadBody(request: IncomingMessage, forMs: number): void {
  if (request.complete || request.destroyed) return
  request.unpipe()
  request.resume()
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy()
  }, forMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}
