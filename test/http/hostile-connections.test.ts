import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { serveConnection } from '../../graphql/websocket-connection.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { until } from '../support/until.ts'

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

const upgrade = (target: string, ...headers: string[]) =>
  lines(
    `GET ${target} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    ...headers,
  )

const subscribe = '{"id":"1","type":"subscribe","payload":{"query":"{ viewer { name } }"}}'

async function start() {
  const server = await startGraphQLServer()
  const port = (server.fastify.server.address() as AddressInfo).port
  const answersOn = async () => {
    const { data } = await server.ask(server.submitter, '{ viewer { name } }')
    expect(data).toEqual({ viewer: { name: 'Sam Submitter' } })
  }
  return { server, port, answersOn }
}

/** Whatever is thrown where nobody catches it ends a process; here it is kept, and none may be. */
function uncaught(): readonly unknown[] {
  const errors: unknown[] = []
  const keep = (error: unknown) => void errors.push(error)
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', keep)
  onTestFinished(() => {
    process.off('uncaughtException', keep)
    for (const listener of others) process.on('uncaughtException', listener)
  })
  return errors
}

describe('one packet without a token', () => {
  it.each([
    ['a target that no URL parser takes', '//[', 404],
    ['a target with an empty host', '//', 404],
    ['an absolute target with a bad port', 'http://localhost:99999/graphql', 400],
    ['an absolute target of another place', 'http://localhost/elsewhere', 404],
    ['a target of another scheme without a path', 'a:', 400],
    ['a target that is no path', '*', 400],
    ['a path that nobody serves', '/elsewhere', 404],
  ])('that asks for a WebSocket with %s is refused, and the service answers on', async (_, target, status) => {
    const errors = uncaught()
    const { port, answersOn } = await start()
    const { answer, closed } = await rawConnection(port, upgrade(target))
    await until('the connection is closed', closed)
    expect(answer()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer()).toMatch(/"code":"(REQUEST_MALFORMED|PATH_NOT_FOUND)"/)
    await answersOn()
    expect(errors).toEqual([])
  })

  it('that asks for a WebSocket is answered once, also where several servers stand for one host name', async () => {
    const { server, port, answersOn } = await start()
    const http = server.fastify.server
    // As Fastify does for the second address of «localhost».
    http.once('upgrade', (...args) => http.emit('upgrade', ...args))
    const { socket, answer } = await rawConnection(port, upgrade('/graphql'))
    await until('the answer', () => answer().includes('\r\n\r\n'))
    expect(answer().match(/HTTP\/1.1 101/g)).toHaveLength(1)
    const ping = Buffer.from('{"type":"ping"}')
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | ping.length, 0, 0, 0, 0]), ping]))
    await until('the connection is in use', () => answer().includes('{"type":"pong"}'))
    await answersOn()
  })

  it('and a reset at any moment of an upgrade disturbs nobody', async () => {
    const errors = uncaught()
    const { port, answersOn } = await start()
    for (const target of ['/graphql', '/elsewhere', '//['])
      for (const behind of ['', '\x81', '\x81\x85\0\0\0\0{}']) {
        const { socket, closed } = await rawConnection(port)
        socket.write(Buffer.from(upgrade(target) + behind, 'latin1'), () => socket.resetAndDestroy())
        await until('it is gone', closed)
      }
    await answersOn()
    expect(errors).toEqual([])
  })

  it.each([
    ['that is no HTTP', 'nonsense\r\n\r\n', '400'],
    ['with headers that are too long', lines('GET / HTTP/1.1', `X: ${'x'.repeat(20_000)}`), '431'],
    ['that wants a proxy', lines('CONNECT other:443 HTTP/1.1', 'Host: other'), '400'],
    ['with a target that is no ASCII', lines('GET /graphql?é HTTP/1.1', 'Host: x'), '400'],
    ['with two lengths', lines('POST /graphql HTTP/1.1', 'Host: x', 'Content-Length: 5', 'Content-Length: 6'), '400'],
    ['with an expectation that nobody knows', lines('POST /graphql HTTP/1.1', 'Host: x', 'Expect: much'), '417'],
    [
      'that wants another protocol',
      lines('GET /graphql HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: h2c'),
      '401',
    ],
    ['for a WebSocket without a key', upgrade('/graphql').replace(/Sec-WebSocket-Key.*\r\n/, ''), '400'],
    ['for a WebSocket of another version', upgrade('/graphql').replace('Version: 13', 'Version: 99'), '400'],
  ])('%s is answered', async (_, text, status) => {
    const { port, answersOn } = await start()
    const { answer } = await rawConnection(port, text)
    await until('the answer', () => answer().includes('\r\n\r\n'))
    expect(answer()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer()).not.toMatch(/\bat .*:\d+:\d+/)
    await answersOn()
  })
})

describe('a client that leaves before its answer', () => {
  it.each(['text/event-stream', 'application/json', 'multipart/mixed, text/event-stream'])(
    'of %s is nobody’s fault',
    async (accept) => {
      const errors = uncaught()
      const { server, port, answersOn } = await start()
      const body = JSON.stringify({ query: 'subscription { events { type } }' })
      const request = `${lines(
        'POST /graphql HTTP/1.1',
        'Host: localhost',
        `Authorization: Bearer ${server.auditor.token}`,
        `Accept: ${accept}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      )}${body}`
      for (let leaver = 0; leaver < 40; leaver += 1) {
        const { socket, closed } = await rawConnection(port, request)
        // Each a little later: while it is authenticated, parsed, executed, answered.
        for (let turn = 0; turn < leaver; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        socket.resetAndDestroy()
        await until('it is gone', closed)
      }
      await answersOn()
      expect(server.logged).toEqual([])
      expect(errors).toEqual([])
    },
  )
})

describe('a WebSocket frame', () => {
  const masked = (opcode: number, payload: Buffer, flags = 0x80) =>
    Buffer.concat([Buffer.from([flags | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])

  it.each([
    ['with reserved bits', masked(1, Buffer.from('{}'), 0xf0), 1002],
    ['of an unknown kind', masked(3, Buffer.from('{}')), 1002],
    ['that is not masked', Buffer.from([0x81, 2, 0x7b, 0x7d]), 1002],
    ['that goes on with nothing', masked(0, Buffer.from('{}')), 1002],
    ['of control that is cut in pieces', masked(9, Buffer.from('x'), 0), 1002],
    ['of text that is not UTF-8', masked(1, Buffer.from([0xc3, 0x28])), 1007],
    ['that is too large', Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ['that closes with a code that nobody may send', masked(8, Buffer.from([0x03, 0xee])), 1002],
    ['that is binary', masked(2, Buffer.from('{}')), 1003],
    ['whose text is no JSON', masked(1, Buffer.from('{')), 4400],
    ['whose JSON is no message', masked(1, Buffer.from('[]')), 4400],
    ['with a message that only servers send', masked(1, Buffer.from('{"type":"connection_ack"}')), 4400],
    ['that subscribes before anything else', masked(1, Buffer.from(subscribe)), 4401],
  ])('%s ends the connection with the code for it, and one line in the log at most', async (_, frame, code) => {
    const printed = vi.spyOn(console, 'error')
    onTestFinished(() => printed.mockRestore())
    const { server, port, answersOn } = await start()
    const { socket, answer } = await rawConnection(port, upgrade('/graphql'))
    await until('the upgrade', () => answer().includes('\r\n\r\n'))
    const head = answer().length
    socket.write(frame)
    await until('the close frame', () => answer().length >= head + 4)
    const [opcode, , high, low] = Buffer.from(answer().slice(head), 'latin1')
    expect([opcode, (high ?? 0) * 256 + (low ?? 0)]).toEqual([0x88, code])
    expect(printed).not.toHaveBeenCalled()
    const isFrame = code < 1010 && code !== 1003
    expect(server.logged).toEqual(
      isFrame ? [expect.objectContaining({ fields: { code: 'WEBSOCKET_MALFORMED', reason: expect.any(String) } })] : [],
    )
    await answersOn()
  })
})

describe('a handler that Node calls', () => {
  // An argument of which nothing can be read, whatever the handler looks for.
  const hostile = new Proxy(Object.create(null), {
    get() {
      throw new Error('nothing can be read here')
    },
  })

  it.each(['connection', 'upgrade', 'clientError', 'connect', 'checkContinue', 'error', 'request'])(
    'for the event %s may fail: it is written to the log, and the service answers on',
    async (event) => {
      const { server, answersOn } = await start()
      const guarded = server.fastify.server.listeners(event).filter(({ name }) => name === 'guarded')
      expect(guarded.length).toBeGreaterThan(0)
      for (const listener of guarded) expect(() => listener(hostile, hostile, hostile)).not.toThrow()
      await answersOn()
    },
  )

  it('of a WebSocket may fail: that connection ends, and nothing else', async () => {
    const log: unknown[] = []
    const logger = { error: (fields: object) => void log.push(fields), warn: () => undefined }
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => void sockets.close())
    sockets.on('connection', (socket, request) =>
      serveConnection(socket, request, { opened: () => async () => undefined }, logger),
    )
    await new Promise((resolve) => sockets.once('listening', resolve))
    const { port } = sockets.address() as AddressInfo
    for (const event of ['error', 'ping', 'close']) {
      const client = new WebSocket(`ws://127.0.0.1:${port}`)
      await new Promise((resolve) => client.once('open', resolve))
      const ended = new Promise((resolve) => client.once('close', resolve))
      const [socket] = sockets.clients
      const listeners = (socket?.listeners(event) ?? []) as ((...args: unknown[]) => void)[]
      const guarded = listeners.filter(({ name }) => name === 'guarded')
      for (const listener of guarded) expect(() => listener(hostile, hostile)).not.toThrow()
      if (event === 'close') client.terminate()
      await ended
      expect(guarded.length, event).toBeGreaterThan(0)
    }
    expect(log).toContainEqual(expect.objectContaining({ code: 'HANDLER_FAILED', handler: 'websocket error' }))
  })
})
