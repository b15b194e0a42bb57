import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A message as a receiver got it. */
export type ReceivedMessage = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server that gets messages of web hooks, until the running test has finished. */
export type WebHookReceiver = {
  readonly url: string
  readonly received: readonly ReceivedMessage[]
  /** How it answers from now on. */
  answer: (response: ServerResponse, message: ReceivedMessage) => void
}

/** An answer of a status, with a text and headers. */
export function answering(status: number, text = '', headers: Readonly<Record<string, string>> = {}) {
  return (response: ServerResponse) => void response.writeHead(status, { ...headers }).end(text)
}

export async function startWebHookReceiver(): Promise<WebHookReceiver> {
  const received: ReceivedMessage[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const message = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    received.push(message)
    receiver.answer(response, message)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const receiver: WebHookReceiver = { url: `http://127.0.0.1:${port}/hook`, received, answer: answering(204) }
  return receiver
}
