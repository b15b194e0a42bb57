import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a server of TCP that can be closed: then connections are cut, and new ones refused or left without an answer. */
export type Relay = {
  readonly port: number
  /** How many connections were wanted so far. */
  readonly wanted: () => number
  readonly set: (state: 'open' | 'refusing' | 'silent') => void
}

/** Starts an open relay to a port of this machine, until the running test has finished. */
export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let state: Parameters<Relay['set']>[0] = 'open'
  let wanted = 0
  const keep = (socket: Socket) => {
    sockets.add(socket)
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  }
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    wanted += 1
    keep(client)
    if (state === 'refusing') client.resetAndDestroy()
    if (state !== 'open') return
    const upstream = keep(connect({ host: '127.0.0.1', port: target }))
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    cut()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    port: (server.address() as AddressInfo).port,
    wanted: () => wanted,
    set(next) {
      state = next
      cut()
    },
  }
}
