import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long a refused client may take to read its answer, in milliseconds. */
const lingerMs = 1_000

/**
 * Answers on a connection that no HTTP response belongs to (a request that could not be read, an upgrade that is refused)
 * with a problem (RFC 9457) and our code, and closes it. Does nothing when the connection is gone.
 */
export function refuseConnection(socket: Duplex, status: number, code: string, detail: string): void {
  if (socket.destroyed) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, code })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  // Bytes that nobody reads would make the system reset the connection, and the answer would be lost with it.
  socket.resume()
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.once('end', () => socket.destroy())
}
