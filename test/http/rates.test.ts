import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { defaultHttpLimits, type HttpLimits } from '../../http/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { startRestServer } from '../support/rest-server.ts'
import { until } from '../support/until.ts'

const limits = (changed: Partial<HttpLimits>) => ({ http: { limits: { ...defaultHttpLimits, ...changed } } })

describe('requests beyond the rate', () => {
  it('of one token are refused with the time to wait, and others are served', async () => {
    const server = await startRestServer(limits({ rates: { perToken: 3, perAddress: 1_000 } }))
    const ask = (token: string) => fetch(`${server.url}/nowhere`, { headers: { authorization: `Bearer ${token}` } })
    for (let n = 0; n < 3; n += 1) expect((await ask(server.token)).status).toBe(404)
    const refused = await ask(server.token)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(await refused.json()).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS' })
    expect((await ask('another')).status).toBe(404)
  })

  it('of one address are refused, whichever tokens they come with', async () => {
    const server = await startRestServer(limits({ rates: { perToken: 1_000, perAddress: 3 } }))
    const statuses: number[] = []
    for (let n = 0; n < 5; n += 1)
      statuses.push(
        (await fetch(`${server.url}/nowhere`, { headers: { authorization: `Bearer made-up-${n}` } })).status,
      )
    expect(statuses).toEqual([404, 404, 404, 429, 429])
  })

  it('are refused by GraphQL in its own form', async () => {
    const server = await startGraphQLServer({
      project: false,
      ...limits({ rates: { perToken: 1, perAddress: 1_000 } }),
    })
    const ask = () =>
      fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.submitter.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ viewer { name } }' }),
      })
    expect((await ask()).status).toBe(200)
    const refused = await ask()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'TOO_MANY_REQUESTS' } }] })
  })

  it('are counted over a WebSocket, operation by operation', async () => {
    const server = await startGraphQLServer({
      project: false,
      ...limits({ rates: { perToken: 3, perAddress: 1_000 } }),
    })
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    const messages: { readonly type: string; readonly id?: string; readonly payload?: unknown }[] = []
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    await new Promise((resolve) => socket.once('open', resolve))
    const send = (message: object) => socket.send(JSON.stringify(message))
    send({ type: 'connection_init', payload: { authorization: `Bearer ${server.submitter.token}` } })
    await until('the connection is taken', () => messages.some(({ type }) => type === 'connection_ack'))
    for (const id of ['1', '2', '3']) {
      send({ id, type: 'subscribe', payload: { query: '{ viewer { name } }' } })
      await until('it is answered', () => messages.some((message) => message.id === id))
    }
    const typeOf = (id: string) => messages.find((message) => message.id === id)?.type
    expect([typeOf('1'), typeOf('2'), typeOf('3')]).toEqual(['next', 'next', 'error'])
    expect(JSON.stringify(messages.find(({ id }) => id === '3'))).toContain('TOO_MANY_REQUESTS')
    socket.terminate()
  })
})

describe('uploads beyond the number at once', () => {
  it('are refused before they are sent, and taken when one has ended', async () => {
    const server = await startRestServer(limits({ largeBodies: { atOnce: 10, atOncePerAddress: 1 } }))
    const head = [
      'POST /uploads?fileName=a.exe HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${server.token}`,
      'Content-Type: application/octet-stream',
      'Expect: 100-continue',
      `Content-Length: ${2 * 1024 * 1024}`,
    ].join('\r\n')
    const first = await rawConnection(server.port, `${head}\r\n\r\n`)
    await until('the first may send', () => first.answer().startsWith('HTTP/1.1 100 '))
    const second = await rawConnection(server.port, `${head}\r\n\r\n`)
    await until('the second is answered', () => second.answer() !== '')
    expect(second.answer()).toMatch(/^HTTP\/1.1 429 /)
    expect(second.answer()).toContain('TOO_MANY_UPLOADS')
    expect(second.answer().toLowerCase()).toContain('retry-after: 5')
    first.socket.write(Buffer.alloc(2 * 1024 * 1024))
    await until('the first is in', () => first.answer().includes('HTTP/1.1 201 '))
    const third = await rawConnection(server.port, `${head}\r\n\r\n`)
    await until('the third may send', () => third.answer().startsWith('HTTP/1.1 100 '))
    third.socket.destroy()
  })
})

describe('browsers', () => {
  const shared = 'https://intranet.example.com'
  const preflight = (port: number, origin: string) =>
    new Promise<{ readonly status: number; readonly headers: Readonly<Record<string, unknown>> }>((resolve, reject) => {
      const headers = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      }
      request({ host: '127.0.0.1', port, path: '/uploads', method: 'OPTIONS', headers }, (answer) => {
        answer.resume()
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers })
      })
        .on('error', reject)
        .end()
    })

  it('are told with every answer not to guess, frame or run anything', async () => {
    const { url } = await startRestServer({})
    const { headers } = await fetch(`${url}/nowhere`)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    // Over plain HTTP it would be no promise that anybody may believe (RFC 6797 §7.2).
    expect(headers.get('strict-transport-security')).toBeNull()
  })

  it('come by TLS alone after a proxy that they reached by TLS', async () => {
    const { url } = await startRestServer({ http: { trustedProxies: ['127.0.0.1'] } })
    const { headers } = await fetch(`${url}/nowhere`, { headers: { 'x-forwarded-proto': 'https' } })
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  it('let no page of another origin call, unless the operator says so', async () => {
    const closed = await startRestServer({})
    expect((await preflight(closed.port, shared)).headers).not.toHaveProperty('access-control-allow-origin')
    const open = await startRestServer({ http: { isSharedOrigin: (origin) => origin === shared } })
    const allowed = await preflight(open.port, shared)
    expect(allowed.status).toBe(204)
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': shared, vary: 'Origin' })
    expect(allowed.headers).not.toHaveProperty('access-control-allow-credentials')
    expect((await preflight(open.port, 'https://evil.example')).headers).not.toHaveProperty(
      'access-control-allow-origin',
    )
    const answer = await fetch(`${open.url}/nowhere`, { headers: { origin: shared } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(shared)
  })
})
