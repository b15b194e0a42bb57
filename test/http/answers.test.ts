import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { defaultHttpLimits, openHttpServer } from '../../http/index.ts'
import { problemErrorHandler } from '../../rest/index.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { until } from '../support/until.ts'

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`
const get = lines('GET /half HTTP/1.1', 'Host: x')

/** A server that answers `GET /half` with half of what it announces, and waits; a body that stands still is cut soon. */
async function start(): Promise<number> {
  const logger = pino({ enabled: false })
  const { fastify } = openHttpServer({
    logger,
    answerError: problemErrorHandler(logger),
    limits: { ...defaultHttpLimits, bodyPace: { ...defaultHttpLimits.bodyPace, windowMs: 200 } },
  })
  onTestFinished(() => fastify.close())
  fastify.get('/half', { config: { access: 'everybody' } }, (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-length': 10 })
    reply.raw.write('half.')
  })
  fastify.post('/slow', { config: { access: 'everybody' } }, async () => 'read')
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  return (fastify.server.address() as AddressInfo).port
}

describe('an answer that is being sent', () => {
  it.each([
    ['what is no HTTP', 'nonsense\r\n\r\n'],
    ['another request and what is no HTTP', `${get}nonsense\r\n\r\n`],
    [
      'a body that stands still',
      lines('POST /slow HTTP/1.1', 'Host: x', 'Content-Type: text/plain', 'Content-Length: 9'),
    ],
    ['a request for a proxy', lines('CONNECT other:443 HTTP/1.1', 'Host: other')],
    ['an upgrade', lines('GET /none HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket')],
  ])('is cut off, and has no other in it, when behind its request comes %s', async (_, text) => {
    const { socket, answer, closed } = await rawConnection(await start(), get)
    await until('half of the answer', () => answer().endsWith('half.'))
    socket.write(text)
    await until('the connection is cut', closed)
    expect(answer().split('HTTP/1.1 ')).toHaveLength(2)
    expect(answer()).toMatch(/half\.$/)
  })

  it('is none any more when it has ended: what comes next on the connection is answered', async () => {
    const { socket, answer } = await rawConnection(await start(), lines('GET /none HTTP/1.1', 'Host: x'))
    await until('the answer', () => answer().includes('PATH_NOT_FOUND') || answer().includes('404'))
    socket.write('nonsense\r\n\r\n')
    await until('the next one', () => answer().includes('REQUEST_MALFORMED'))
  })
})
