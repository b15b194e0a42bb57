import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Answers } from './answers.ts'
import { type FaultLog, guarded } from './guarded.ts'

/** How fast a body must come, and how much of it may. */
export type BodyPace = {
  /** Bytes that must come within every window, or the rest of the body. */
  readonly minimumBytes: number
  /** Milliseconds. */
  readonly windowMs: number
  /** Bytes; routes have limits of their own, which are closer and have codes of their own. */
  readonly maximumBytes: number
  /** For how long the rest of a body is taken from the line after its answer, in milliseconds. */
  readonly afterAnswerMs: number
}

type Reception = { readonly start: number; bytes: number; since: number }

/**
 * Sees to it that bodies arrive. One that comes slower than the pace is cut with 408 `REQUEST_TOO_SLOW`, one that does not
 * end with 413 `REQUEST_TOO_LARGE`; time in which we do not take what has come is not the client's. What comes of a body
 * after the answer is thrown away for a moment, and then the connection is cut.
 */
export function watchBodies(server: Server, pace: BodyPace, answers: Answers, logger: FaultLog): void {
  const { minimumBytes, windowMs, maximumBytes, afterAnswerMs } = pace
  const underWay = new Map<IncomingMessage, Reception>()

  function begin(request: IncomingMessage, response: ServerResponse): void {
    const { headers, socket } = request
    response.once('finish', () => discardUnreadBody(request, afterAnswerMs))
    if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return
    const start = socket.bytesRead
    underWay.set(request, { start, bytes: start, since: performance.now() })
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
      if (socket.bytesRead - reception.start > maximumBytes)
        cut(request, 413, 'REQUEST_TOO_LARGE', `The request is longer than ${maximumBytes} bytes.`)
      else if (isWaitingForUs || socket.bytesRead - reception.bytes >= minimumBytes) {
        reception.bytes = socket.bytesRead
        reception.since = now
      } else if (now - reception.since >= windowMs) {
        const seconds = windowMs / 1_000
        const text = `Less than ${minimumBytes} bytes of the body came within ${seconds} seconds. Send it again over a faster line.`
        cut(request, 408, 'REQUEST_TOO_SLOW', text)
      }
    }
  }

  function cut(request: IncomingMessage, status: number, code: string, text: string): void {
    underWay.delete(request)
    answers.refuse(request.socket, status, code, text)
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
