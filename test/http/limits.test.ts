import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { defaultHttpLimits, type HttpLimits, openHttpServer } from '../../http/index.ts'
import { problemErrorHandler, registerUnknownPaths } from '../../rest/index.ts'
import { registerHealth } from '../../server/health.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { startRestServer } from '../support/rest-server.ts'
import { until } from '../support/until.ts'

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

/** The request of somebody who sends the head and then nothing, or hardly anything. */
const slowRequest = (method: string, path: string, authorization: string, type = 'application/json') =>
  lines(
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    ...(authorization === '' ? [] : [`Authorization: ${authorization}`]),
    `Content-Type: ${type}`,
    'Content-Length: 100000',
  )

const limits = (changed: Partial<HttpLimits>): HttpLimits => ({ ...defaultHttpLimits, ...changed })
const soon = { minimumBytes: 1_000, windowMs: 300, maximumBytes: 1_000_000, afterAnswerMs: 300 }

/** A server with no API, only the health of a process. */
async function startBareServer(changed: Partial<HttpLimits>, trustedProxies: readonly string[] = []) {
  const lines: string[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(line) })
  const { fastify } = openHttpServer({
    logger,
    answerError: problemErrorHandler(logger),
    limits: limits(changed),
    trustedProxies,
  })
  registerHealth(
    fastify,
    async () => ({ status: 'up', checks: {} }),
    () => false,
  )
  registerUnknownPaths(fastify, 'Nothing is here.', logger)
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => fastify.close())
  return { fastify, port: (fastify.server.address() as AddressInfo).port, logged: () => lines.join('') }
}

describe('150 requests of nobody with bodies that do not come', () => {
  it('to the GraphQL API are answered at once, and their connections end', async () => {
    const server = await startGraphQLServer({ project: false, http: { limits: limits({ bodyPace: soon }) } })
    const port = (server.fastify.server.address() as AddressInfo).port
    const connections = await Promise.all(
      Array.from({ length: 150 }, (_, index) =>
        rawConnection(port, slowRequest('POST', '/graphql', index % 2 === 0 ? '' : 'Bearer wrong')),
      ),
    )
    await until('all are answered', () => connections.every(({ answer }) => answer().startsWith('HTTP/1.1 401 ')))
    await until('all are gone', () => connections.every(({ closed }) => closed()))
  })

  it('to the HTTP API are answered at once, and their connections end', async () => {
    const { port } = await startRestServer({ http: { limits: limits({ bodyPace: soon }) } })
    const type = 'application/octet-stream'
    const connections = await Promise.all(
      Array.from({ length: 150 }, () => rawConnection(port, slowRequest('POST', '/uploads', '', type))),
    )
    await until('all are answered', () => connections.every(({ answer }) => answer().startsWith('HTTP/1.1 401 ')))
    await until('all are gone', () => connections.every(({ closed }) => closed()))
  })

  it('to the health of a process are answered, however many come in a minute', async () => {
    const { port } = await startBareServer({ rates: { perToken: 1, perAddress: 1 } })
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect([await ask('/elsewhere'), await ask('/elsewhere')]).toEqual([404, 429])
    expect([await ask('/health/live'), await ask('/health/ready')]).toEqual([200, 200])
  })

  it.each([
    ['GET', '/health/live', 200],
    ['GET', '/health/ready', 200],
    ['POST', '/health/live', 404],
    ['POST', '/elsewhere', 404],
  ])('%s %s: neither', async (method, path, status) => {
    const { port } = await startBareServer({ bodyPace: soon })
    const { answer, closed } = await rawConnection(port, slowRequest(method, path, ''))
    await until('the answer', () => answer().startsWith(`HTTP/1.1 ${status} `))
    await until('it is gone', closed)
  })
})

describe('a body of somebody whom we know', () => {
  it('that comes too slowly is cut with a code, by either API', async () => {
    const http = { limits: limits({ bodyPace: soon }) }
    const graphql = await startGraphQLServer({ project: false, http })
    const rest = await startRestServer({ http })
    for (const [port, request] of [
      [
        (graphql.fastify.server.address() as AddressInfo).port,
        slowRequest('POST', '/graphql', `Bearer ${graphql.submitter.token}`),
      ],
      [rest.port, slowRequest('POST', '/uploads?fileName=a.exe', `Bearer ${rest.token}`, 'application/octet-stream')],
    ] as const) {
      const { socket, answer, closed } = await rawConnection(port, request)
      const drops = setInterval(() => socket.write('x'), 50)
      onTestFinished(() => clearInterval(drops))
      await until('it is cut', closed)
      expect(answer()).toMatch(/^HTTP\/1.1 408 /)
      expect(answer()).toContain('"code":"REQUEST_TOO_SLOW"')
    }
  })

  it('may take longer than any window, as long as it comes', async () => {
    const rest = await startRestServer({
      http: { limits: limits({ bodyPace: { ...soon, minimumBytes: 100, windowMs: 400 } }) },
    })
    const { socket, answer } = await rawConnection(
      rest.port,
      slowRequest('POST', '/uploads?fileName=a.exe', `Bearer ${rest.token}`, 'application/octet-stream'),
    )
    for (let sent = 0; sent < 100_000; sent += 5_000) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      socket.write(Buffer.alloc(5_000))
    }
    await until('the answer', () => answer().startsWith('HTTP/1.1 201 '))
  })

  it('that never ends is cut, also where nothing of it is kept: before the first part of a form', async () => {
    const rest = await startRestServer({ http: { limits: limits({ bodyPace: soon }) } })
    const request = lines(
      'POST /uploads?fileName=a.exe HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${rest.token}`,
      'Content-Type: multipart/form-data; boundary=b',
      'Transfer-Encoding: chunked',
    )
    const { socket, answer, closed } = await rawConnection(rest.port, request)
    const preamble = setInterval(() => socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`), 5)
    onTestFinished(() => clearInterval(preamble))
    await until('it is cut', closed)
    expect(answer()).toMatch(/^HTTP\/1.1 413 .*"code":"REQUEST_TOO_LARGE"/s)
  })

  it('is asked for only when it is wanted, where the client asks first', async () => {
    const rest = await startRestServer()
    const ask = async (authorization: string) =>
      rawConnection(
        rest.port,
        slowRequest('POST', '/uploads?fileName=a.exe', authorization, 'application/octet-stream').replace(
          'Content-Length',
          'Expect: 100-continue\r\nContent-Length',
        ),
      )
    const stranger = await ask('Bearer wrong')
    await until('the refusal', () => stranger.answer().includes('\r\n\r\n'))
    expect(stranger.answer()).toMatch(/^HTTP\/1.1 401 /)
    const { socket, answer } = await ask(`Bearer ${rest.token}`)
    await until('the invitation', () => answer().startsWith('HTTP/1.1 100 Continue'))
    socket.write(Buffer.alloc(100_000))
    await until('the answer', () => answer().includes('HTTP/1.1 201 '))
  })
})

describe('a connection', () => {
  it('on which no headers come ends', async () => {
    const { port } = await startBareServer({ headersTimeoutMs: 300 })
    const silent = await rawConnection(port)
    const slow = await rawConnection(port, 'GET /health/live HTTP/1.1\r\nHost: ')
    const drops = setInterval(() => slow.socket.write('x'), 50)
    onTestFinished(() => clearInterval(drops))
    await until('both are gone', () => silent.closed() && slow.closed())
    expect(slow.answer()).toMatch(/^HTTP\/1.1 408 .*"code":"REQUEST_TOO_SLOW"/s)
  })

  it('beyond those of its address is closed, and takes nothing from others', async () => {
    const { port, logged } = await startBareServer({ maximumConnectionsPerAddress: 5 })
    const connections = await Promise.all(Array.from({ length: 8 }, () => rawConnection(port)))
    await until('three are closed', () => connections.filter(({ closed }) => closed()).length === 3)
    expect(logged().split('"code":"TOO_MANY_CONNECTIONS","address":"127.0.0.1","maximum":5').length - 1).toBe(1)
    const [open] = connections.filter(({ closed }) => !closed())
    open?.socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
    await until('the answer', () => open?.answer().startsWith('HTTP/1.1 200 ') === true)
    open?.socket.destroy()
    await until('there is room again', async () => {
      const { socket, answer } = await rawConnection(port, 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
      await new Promise((resolve) => socket.once('close', resolve).once('data', resolve))
      return answer().startsWith('HTTP/1.1 200 ')
    })
  })

  it('of a trusted proxy is one of as many as the process takes', async () => {
    const counts = { maximumConnectionsPerAddress: 2, maximumConnections: 6 }
    const { port, logged } = await startBareServer(counts, ['127.0.0.1'])
    const connections = await Promise.all(Array.from({ length: 8 }, () => rawConnection(port)))
    await until('two are closed', () => connections.filter(({ closed }) => closed()).length === 2)
    expect(logged().split('"code":"TOO_MANY_CONNECTIONS","maximum":6').length - 1).toBe(1)
  })
})

describe('a client that does not read its answers', () => {
  const large = 'x'.repeat(100_000)

  /** A log that never ends, and how much of it was asked for. */
  function endlessLog() {
    const log = { bytes: 0 }
    async function* follow() {
      for (let revision = 0; ; revision += 1) {
        log.bytes += large.length
        yield [{ ...event, revision, position: String(revision).padStart(16, '0'), data: { large } }]
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    return { log, follow }
  }
  const event = {
    eventId: '00000000-0000-4000-8000-000000000001',
    streamId: 'organization-00000000-0000-4000-8000-000000000001',
    type: 'OrganizationCreated',
    actor: { kind: 'system', component: 'test' },
    occurredAt: '2026-01-01T00:00:00.000Z',
  }
  const query = 'subscription { events { revision data } }'

  async function startEndless(changed: Partial<HttpLimits>) {
    const { log, follow } = endlessLog()
    const server = await startGraphQLServer({ http: { limits: limits(changed) } })
    const { readModel } = server
    readModel.follow = follow as never
    return { server, log }
  }

  it('of server-sent events makes nothing pile up, and is cut when nothing moves', async () => {
    const { server, log } = await startEndless({ idleTimeoutMs: 1_000 })
    const port = (server.fastify.server.address() as AddressInfo).port
    const body = JSON.stringify({ query })
    const { socket } = await rawConnection(
      port,
      lines(
        'POST /graphql HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${server.auditor.token}`,
        'Accept: text/event-stream',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      ) + body,
    )
    socket.pause()
    await until('events are asked for', () => log.bytes > 0)
    await until('the server has cut it', async () => (await connectionsOf(server.fastify.server)) === 0)
    expect(log.bytes).toBeLessThan(30_000_000)
  })

  it('of a WebSocket makes nothing pile up, and is cut when it asks for more', async () => {
    const { server, log } = await startEndless({})
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { authorization: `Bearer ${server.auditor.token}` },
    })
    onTestFinished(() => socket.terminate())
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"type":"connection_init"}')
    await new Promise((resolve) => socket.once('message', resolve))
    socket.pause()
    for (let id = 0; id < 5; id += 1)
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query } }))
    await until('events are asked for', () => log.bytes > 0)
    const ask = setInterval(() => socket.ping('x'.repeat(100)), 1)
    const askMore = setInterval(() => socket.send(JSON.stringify({ type: 'ping', payload: { large } })), 5)
    onTestFinished(() => {
      clearInterval(ask)
      clearInterval(askMore)
    })
    await until('the server has cut it', async () => (await connectionsOf(server.fastify.server)) === 0)
    expect(server.logged).toContainEqual(expect.objectContaining({ fields: { code: 'WEBSOCKET_READER_TOO_SLOW' } }))
    expect(log.bytes).toBeLessThan(30_000_000)
  })
})

function connectionsOf(server: { getConnections: (done: (error: Error | null, count: number) => void) => unknown }) {
  return new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)))
}
