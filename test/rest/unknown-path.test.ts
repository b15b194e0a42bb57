import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { openHttpServer } from '../../http/index.ts'
import { problemErrorHandler, registerUnknownPaths } from '../../rest/index.ts'

const places = 'Artifacts go to POST /uploads.'
let url: string

beforeEach(async () => {
  const logger = pino({ level: 'silent' })
  const { fastify } = openHttpServer({ logger, answerError: problemErrorHandler(logger) })
  registerUnknownPaths(fastify, places, logger)
  fastify.post('/uploads', { config: { access: 'everybody' } }, async () => ({ taken: true }))
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => fastify.close())
  url = `http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}`
})

describe('what nothing answers', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/uploads'],
    ['POST', '/upload?token=secret'],
  ])('%s %s is refused with a code, and told what there is', async (method, path) => {
    const response = await fetch(`${url}${path}`, { method })
    expect(response.status).toBe(404)
    const [plainPath] = path.split('?')
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      code: 'PATH_NOT_FOUND',
      detail: `There is nothing at ${method} ${plainPath}. ${places}`,
    })
  })

  it('is told before the body has come, whatever type it has', async () => {
    const form = new FormData()
    form.set('file', new Blob([new Uint8Array(8 * 1024 * 1024)]), 'setup.exe')
    const response = await fetch(`${url}/upload`, { method: 'POST', body: form })
    expect([response.status, (await response.json()).code]).toEqual([404, 'PATH_NOT_FOUND'])
  })

  it('does not stand in the way of what is answered', async () => {
    const response = await fetch(`${url}/uploads`, { method: 'POST' })
    expect(await response.json()).toEqual({ taken: true })
  })
})
