import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A connection that says exactly what it is told. */
export type RawConnection = {
  readonly socket: Socket
  /** What came back so far, each byte a character. */
  readonly answer: () => string
  readonly closed: () => boolean
}

/** Connects to a server of 127.0.0.1 and writes; ends with the running test. */
export async function rawConnection(port: number, text: string | Uint8Array = ''): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false })
  onTestFinished(() => void socket.destroy())
  let answer = ''
  let closed = false
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  socket.once('close', () => {
    closed = true
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(text)
  return { socket, answer: () => answer, closed: () => closed }
}
