import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a server on which answers are lost. */
export type CuttingProxy = {
  readonly url: string
  /** How many answers were lost so far. */
  readonly lost: () => number
}

/**
 * Passes everything on, until a request whose text holds `marker` has arrived whole enough to be answered: the server's
 * answer is received, the connection is cut, and the client never sees a byte of it. `times` answers are lost like that.
 */
export async function startCuttingProxy(target: string, marker: string, times = 1): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let lost = 0
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    let sent = ''
    client.on('data', (bytes: Buffer) => {
      sent = (sent + bytes.toString('latin1')).slice(-100_000)
      upstream.write(bytes)
    })
    upstream.on('data', (bytes: Buffer) => {
      const isMeant = sent.includes(marker) && lost < times
      sent = ''
      if (!isMeant) return client.write(bytes)
      lost++
      client.resetAndDestroy()
      upstream.destroy()
    })
    client.on('end', () => upstream.end())
    upstream.on('end', () => client.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lost: () => lost }
}
