import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { openHttpServer } from '../../http/index.ts'
import { startRestServer } from '../support/rest-server.ts'

const logger = pino({ level: 'silent' })

describe('the routes of a process', () => {
  it('are not registered without saying who may use them', () => {
    const { fastify } = openHttpServer({ logger, answerError: (_error, _request, reply) => reply })
    expect(() => fastify.get('/open', async () => 'for anybody')).toThrow('GET /open does not say who may use it')
    expect(() => fastify.get('/open', { config: { access: 'everybody' } }, async () => 'for anybody')).not.toThrow()
  })

  it('are known with who may use them', async () => {
    const { routes } = await startRestServer()
    expect(routes).toContainEqual({ method: 'POST', url: '/uploads', access: 'submitSigningRequest' })
    const download = '/Api/v1/:organizationId/SigningRequests/:signingRequestId/SignedArtifact'
    for (const method of ['GET', 'HEAD'])
      expect(routes).toContainEqual({ method, url: download, access: 'readArtifacts' })
  })
})
