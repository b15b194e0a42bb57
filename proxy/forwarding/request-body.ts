import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { NodeLeft } from './refusal.ts'

/**
 * Bytes. TLS hands out what it reads in records of 16 KiB, and each piece that is passed on costs as much as a large one: pieces are
 * joined that come together.
 */
const pieceSize = 128 * 1024

/** Bytes that wait for the service at the most, but for the last piece. */
const mostWaiting = 256 * 1024

/**
 * The body of a request as it comes, in larger pieces and no faster than they are taken. Whoever gives it up leaves the connection
 * alone: the node is to read the answer.
 *
 * @param received is told how many bytes were passed on
 */
export function bodyOf(request: IncomingMessage, received: (bytes: number) => void): Readable {
  let pieces: Buffer[] = []
  let size = 0
  let soon: NodeJS.Immediate | undefined
  const body = new Readable({
    highWaterMark: mostWaiting,
    read: () => void request.resume(),
    destroy(error, done) {
      clearImmediate(soon)
      request.off('data', take).off('end', end).off('close', breakOff)
      done(error)
    },
  })

  function passOn(): void {
    clearImmediate(soon)
    soon = undefined
    if (size === 0) return
    const [first] = pieces
    const joined = first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces, size)
    pieces = []
    size = 0
    received(joined.length)
    if (!body.push(joined)) request.pause()
  }
  function take(piece: Buffer): void {
    pieces.push(piece)
    size += piece.length
    if (size >= pieceSize) passOn()
    // After everything that was read from the connection together.
    else soon ??= setImmediate(passOn)
  }
  function end(): void {
    passOn()
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
