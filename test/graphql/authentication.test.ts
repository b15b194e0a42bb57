import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../application/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { happens } from '../support/user-events.ts'

describe('who asks', () => {
  it('must present a token, and learns nothing without one', async () => {
    const server = await startGraphQLServer()
    for (const query of ['{ viewer { name } }', '{ __schema { types { name } } }', '{ noSuchField }', '{ broken']) {
      const { status, errors, data, headers } = await server.ask(undefined, query)
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe('Bearer')
      expect(data).toBeUndefined()
      expect(errors).toHaveLength(1)
      expect(errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', details: { reason: 'TOKEN_MISSING' } })
    }
  })

  it('is told by code why a token does not work', async () => {
    const server = await startGraphQLServer()
    const codeFor = async (token: string) => {
      const { status, errors } = await server.ask({ token }, '{ viewer { name } }')
      return [status, errors?.[0]?.extensions.code]
    }
    expect(await codeFor('nonsense')).toEqual([401, 'TOKEN_INVALID'])
    expect(await codeFor(`${server.submitter.token}x`)).toEqual([401, 'TOKEN_INVALID'])
    await happens(server, server.submitter, 'ApiTokenRevoked')
    expect(await codeFor(server.submitter.token)).toEqual([401, 'TOKEN_REVOKED'])
    await happens(server, server.approvers[0], 'UserDeactivated')
    expect(await codeFor(server.approvers[0].token)).toEqual([401, 'USER_DEACTIVATED'])
  })

  it('may send the token of a trusted build system after the API token', async () => {
    const server = await startGraphQLServer()
    const made = await server.ask(
      server.administrator,
      'mutation { createTrustedBuildSystem(input: { slug: "jenkins", name: "Jenkins", kind: custom }) { token } }',
    )
    const { token } = made.data.createTrustedBuildSystem
    const ask = (vouching: string) =>
      server.ask({ token: `${server.submitter.token}:${vouching}` }, '{ viewer { name } }')
    expect((await ask(token)).data.viewer.name).toBe('Sam Submitter')
    const { status, errors } = await ask('anything')
    expect([status, errors?.[0]?.extensions.code]).toEqual([401, 'TRUSTED_BUILD_SYSTEM_TOKEN_INVALID'])
  })

  it('is told that we cannot find out, when we cannot', async () => {
    const application = {
      authenticate: () => Promise.reject(new ServiceError('EVENT_LOG_UNAVAILABLE', 'The log is away.')),
    }
    const server = await startGraphQLServer({ application: application as never })
    const { status, errors } = await server.ask(server.submitter, '{ viewer { name } }')
    expect([status, errors?.[0]?.extensions.code]).toEqual([503, 'EVENT_LOG_UNAVAILABLE'])
  })
})
