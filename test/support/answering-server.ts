import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { TlsIdentity } from './tls-authority.ts'

/** What a server of a test was asked. */
export type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

/** A server of a test, on 127.0.0.1 until the test ends. */
export type AnsweringServer = {
  readonly port: number
  /** `http://127.0.0.1:<port>` or with `https`. */
  readonly url: string
  /** What it was asked, in order. */
  readonly asked: readonly Asked[]
  /** How many connections it has taken. */
  readonly connections: () => number
  /** Cuts the connections that there are. */
  readonly cut: () => void
}

/** Answers HTTP as the test says, by TLS when it has an identity. */
export async function answeringServer(answer: RequestListener, identity?: TlsIdentity): Promise<AnsweringServer> {
  const asked: Asked[] = []
  const listener: RequestListener = (request, response) => {
    const { method, url, headers } = request
    asked.push({ method, url, headers })
    answer(request, response)
  }
  const server: Server =
    identity === undefined
      ? createServer(listener)
      : createTlsServer({ key: identity.key, cert: identity.certificate }, listener)
  const taken = await listening(server)
  return { ...taken, url: `${identity === undefined ? 'http' : 'https'}://127.0.0.1:${taken.port}`, asked }
}

/** Does with each connection what the test says: what no server of HTTP would do. */
export async function rawServer(take: (socket: Socket) => void): Promise<AnsweringServer> {
  const taken = await listening(createTcpServer(take))
  return { ...taken, url: `http://127.0.0.1:${taken.port}`, asked: [] }
}

async function listening(server: Server | ReturnType<typeof createTcpServer>) {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    cut()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connections, cut }
}
