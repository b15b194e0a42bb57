import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { SeededRandom } from '../support/seeded-random.ts'

/** How long an answer may be out before the client says that it sends no more, in milliseconds. */
const quietMs = 30
/** How long the server may take to end a connection on which nothing comes any more, in milliseconds. */
const endsWithinMs = 30_000

/**
 * Writes bytes to the line, whole or in pieces, and takes what comes until it is answered or quiet; then says that it
 * sends no more, and waits for the end.
 *
 * @param stages pieces one after the other; before the next stage something must have come, or it must have been quiet
 * @param isAnswered whether what came is all that will come
 * @returns what came, each byte a character; `undefined` when the server never ends the connection
 */
export async function sendRaw(
  port: number,
  stages: readonly (readonly Uint8Array[])[],
  isAnswered: (text: string) => boolean,
): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1' })
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  let text = ''
  let quiet: NodeJS.Timeout | undefined
  const finish = () => socket.end()
  const listen = () => {
    clearTimeout(quiet)
    quiet = setTimeout(finish, quietMs)
  }
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    if (isAnswered(text)) finish()
    else listen()
  })
  socket.on('error', () => undefined)
  socket.once('close', () => end())
  const late = setTimeout(end, endsWithinMs)
  for (const [index, pieces] of stages.entries()) {
    if (index > 0) await Promise.race([ended, new Promise((resolve) => socket.once('data', resolve)), delay(quietMs)])
    for (const piece of pieces) {
      socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  listen()
  await ended
  clearTimeout(quiet)
  clearTimeout(late)
  const isClosed = socket.closed
  socket.destroy()
  return isClosed ? text : undefined
}

/** Cuts bytes at random places. */
export function inPieces(bytes: Buffer, random: SeededRandom): readonly Buffer[] {
  if (random.below(4) > 0) return [bytes]
  const cuts = Array.from({ length: 1 + random.below(3) }, () => random.below(bytes.length + 1)).toSorted(
    (a, b) => a - b,
  )
  return [...cuts, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : cuts[index - 1], end))
}
