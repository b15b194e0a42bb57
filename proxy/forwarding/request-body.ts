import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { NodeLeft } from './refusal.ts'

/** Bytes that wait for the service at the most, but for the last piece. */
const mostWaiting = 256 * 1024

/**
 * The body of a request as it comes, and no faster than it is taken. Whoever gives it up leaves the connection alone: the node is to
 * read the answer. Pieces are passed on as TLS hands them out (16 KiB): a connection that is busy joins those that wait by itself, and
 * joining them here was measured to double what a gigabyte costs, since it makes garbage of as many bytes again.
 *
 * @param received is told how many bytes were passed on
 */
export function bodyOf(request: IncomingMessage, received: (bytes: number) => void): Readable {
  const body = new Readable({
    highWaterMark: mostWaiting,
    read: () => void request.resume(),
    destroy(error, done) {
      request.off('data', take).off('end', end).off('close', breakOff)
      done(error)
    },
  })
  function take(piece: Buffer): void {
    received(piece.length)
    if (!body.push(piece)) request.pause()
  }
  function end(): void {
    body.push(null)
  }
  function breakOff(): void {
    if (!request.complete) body.destroy(new NodeLeft('The node closed its connection within the body.'))
  }
  // Whoever reads it hears of a break by themselves, and may have stopped by then.
  body.on('error', () => undefined)
  request.on('data', take).once('end', end).once('close', breakOff)
  return body
}
