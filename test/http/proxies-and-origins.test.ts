import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { HttpServerOptions } from '../../http/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { until } from '../support/until.ts'

/** Opens a WebSocket as a client with these headers; answers the status of a refusal. */
async function open({ url }: GraphQLTestServer, headers: Readonly<Record<string, string>>) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  const status = await new Promise<number>((resolve, reject) => {
    socket.once('open', () => resolve(101))
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    socket.once('error', reject)
  })
  return { socket, status }
}

describe('a page in a browser', () => {
  const isAllowedOrigin = (origin: string) => origin === 'https://signing.example.com'

  it.each([
    ['of our own origin', 'https://signing.example.com', 101],
    ['of another host', 'https://evil.example', 403],
    ['of another scheme', 'http://signing.example.com', 403],
    ['of another port', 'https://signing.example.com:8443', 403],
    ['of a host whose name begins like ours', 'https://signing.example.com.evil.example', 403],
    ['of no origin that could be told', 'null', 403],
    ['of an empty origin', '', 403],
  ])('%s opening a WebSocket gets its answer', async (_, origin, expected) => {
    const server = await startGraphQLServer({ project: false, http: { isAllowedOrigin } })
    const { socket, status } = await open(server, { origin })
    expect(status).toBe(expected)
    socket.terminate()
  })

  it('cannot pass its origin off in the form of an older protocol', async () => {
    const server = await startGraphQLServer({ project: false, http: { isAllowedOrigin } })
    const { status } = await open(server, { 'sec-websocket-origin': 'https://evil.example' })
    expect(status).toBe(403)
  })

  it('is something else than a client without an origin', async () => {
    const server = await startGraphQLServer({ project: false, http: { isAllowedOrigin } })
    const { socket, status } = await open(server, {})
    expect(status).toBe(101)
    socket.terminate()
  })
})

describe('the address in the history', () => {
  const forged = { 'x-forwarded-for': '203.0.113.9', authorization: 'Bearer wrong' }

  /** What is recorded of somebody with a wrong token, by either way in. */
  async function recorded(http: Partial<HttpServerOptions>, by: 'http' | 'websocket') {
    const server = await startGraphQLServer({ project: false, http })
    const { log } = server
    if (by === 'http') await fetch(`${server.url}/graphql?query={viewer{name}}`, { headers: forged })
    else {
      const { socket } = await open(server, forged)
      socket.send('{"type":"connection_init"}')
      await new Promise((resolve) => socket.once('close', resolve))
    }
    let address: string | undefined
    await until('the refusal is recorded', async () => {
      for await (const events of log.readAll())
        for (const { type, metadata } of events)
          if (type === 'CommandRefused') {
            address = metadata.remoteAddress
            return true
          }
      return false
    })
    return address
  }

  it.each(['http', 'websocket'] as const)('by %s is the connection, whatever a client says', async (by) => {
    expect(await recorded({}, by)).toBe('127.0.0.1')
    expect(await recorded({ trustedProxies: ['10.0.0.0/8'] }, by)).toBe('127.0.0.1')
  })

  it.each(['http', 'websocket'] as const)('by %s is what a trusted proxy says', async (by) => {
    expect(await recorded({ trustedProxies: ['127.0.0.0/8'] }, by)).toBe('203.0.113.9')
  })
})
