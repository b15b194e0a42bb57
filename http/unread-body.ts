import type { IncomingMessage } from 'node:http'

/** How long the rest of a refused body is taken from the line. */
const patience = 3000

/**
 * Lets a client that is still sending see the refusal. A connection closed with bytes unread is reset, and the answer is
 * lost with it; so what still comes is thrown away for a moment, and then the line is cut.
 */
export function discardUnreadBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  request.unpipe()
  request.resume()
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy()
  }, patience)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}
