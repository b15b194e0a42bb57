import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { until } from '../support/until.ts'

describe('GraphQL over HTTP', () => {
  it('takes nothing that a page elsewhere could make a browser send unasked', async () => {
    const server = await startGraphQLServer()
    const authorization = `Bearer ${server.submitter.token}`
    for (const [type, body] of [
      ['text/plain', '{"query":"{ viewer { name } }"}'],
      ['application/x-www-form-urlencoded', 'query={viewer{name}}'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--',
      ],
      ['application/graphql', '{ viewer { name } }'],
    ] as const) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { authorization, 'content-type': type },
        body,
      })
      expect(response.status, type).toBe(415)
      expect((await response.json()).errors[0].extensions.code).toBe('CONTENT_TYPE_UNSUPPORTED')
    }
  })

  it('answers queries to GET, and changes nothing by it', async () => {
    const server = await startGraphQLServer()
    const id = await server.submit()
    const get = (query: string) =>
      fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
        headers: { authorization: `Bearer ${server.submitter.token}` },
      })
    const query = await get('{ viewer { name } }')
    expect(await query.json()).toEqual({ data: { viewer: { name: 'Sam Submitter' } } })
    const mutation = await get(`mutation { cancelSigningRequest(input: { signingRequestId: "${id}" }) { position } }`)
    expect(mutation.status).toBe(405)
    await server.caughtUp()
    const { data } = await server.ask(server.submitter, `{ signingRequest(id: "${id}") { status } }`)
    expect(data.signingRequest.status).toBe('InProgress')
  })

  it('refuses batches, malformed JSON and what is too long with an error of GraphQL', async () => {
    const server = await startGraphQLServer()
    const post = async (body: string) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.submitter.token}`, 'content-type': 'application/json' },
        body,
      })
      return { status: response.status, answer: await response.json() }
    }
    const batch = await post('[{"query":"{ viewer { name } }"},{"query":"{ viewer { name } }"}]')
    expect(batch.status).toBe(400)
    expect(batch.answer.errors[0].extensions.code).toBe('BAD_REQUEST')
    for (const body of ['{"query":', 'null', '"text"', '{}', '{"query":7}', '', '[]']) {
      const { status, answer } = await post(body)
      // 200 is what the GraphQL over HTTP specification asks for with application/json.
      expect([200, 400], body).toContain(status)
      expect(answer.errors, body).toHaveLength(1)
      expect(answer.errors[0].extensions.code, body).toMatch(/^[A-Z_]+$/)
      expect(answer.errors[0].extensions.code, body).not.toBe('INTERNAL_ERROR')
      expect(JSON.stringify(answer), body).not.toMatch(/originalError|SyntaxError/)
    }
    const long = await post(JSON.stringify({ query: '{ viewer { name } }', padding: 'x'.repeat(300_000) }))
    expect([long.status, long.answer.errors[0].extensions.code]).toEqual([413, 'REQUEST_TOO_LARGE'])
    expect(server.logged).toEqual([])
  })

  it.each<[string, string, RequestInit & { readonly headers?: Record<string, string> }, number, string]>([
    ['variables that are no JSON', '?query={viewer{name}}&variables=%7B', {}, 400, 'REQUEST_MALFORMED'],
    ['variables that are no object', '?query={viewer{name}}&variables=[]', {}, 400, 'REQUEST_MALFORMED'],
    ['extensions that are no JSON', '?query={viewer{name}}&extensions=x', {}, 400, 'REQUEST_MALFORMED'],
    ['an answer of another type', '?query={viewer{name}}', { headers: { accept: 'text/html' } }, 406, 'NOT_ACCEPTABLE'],
    [
      'an answer in parts',
      '?query={viewer{name}}',
      { headers: { accept: 'multipart/mixed;deferSpec=20220824' } },
      406,
      'NOT_ACCEPTABLE',
    ],
    ['a POST without a body', '', { method: 'POST' }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    [
      'a POST with an empty body',
      '',
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      400,
      'BAD_REQUEST',
    ],
    [
      'an operation that is not there',
      '?query={viewer{name}}&operationName=x',
      {},
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
  ])('refuses %s with a code', async (_, query, init, status, code) => {
    const server = await startGraphQLServer({ project: false })
    const authorization = `Bearer ${server.submitter.token}`
    const response = await fetch(`${server.url}/graphql${query}`, {
      ...init,
      headers: { ...init.headers, authorization },
    })
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([status, code])
    expect(server.logged).toEqual([])
  })

  it.each(['', 'x:y', '[', 'a b', '../..'])('does not depend on the name «%s» by which it is called', async (host) => {
    const server = await startGraphQLServer({ project: false })
    const { answer } = await rawConnection(
      (server.fastify.server.address() as AddressInfo).port,
      `GET /graphql?query=%7Bviewer%7Bname%7D%7D HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${server.submitter.token}\r\n\r\n`,
    )
    await until('the answer', () => answer().includes('Sam Submitter'))
    expect(server.logged).toEqual([])
  })

  it.each([
    ['*/*', 'application/json'],
    ['application/json, multipart/mixed', 'application/json'],
    ['application/graphql-response+json', 'application/graphql-response+json'],
    ['multipart/mixed, application/graphql-response+json', 'application/graphql-response+json'],
  ])('answers whoever accepts %s with %s', async (accept, type) => {
    const server = await startGraphQLServer({ project: false })
    const headers = { accept, authorization: `Bearer ${server.submitter.token}` }
    const response = await fetch(`${server.url}/graphql?query={viewer{name}}`, { headers })
    expect(response.headers.get('content-type')).toContain(type)
    expect(await response.json()).toEqual({ data: { viewer: { name: 'Sam Submitter' } } })
  })

  it('sends events to whoever accepts anything', async () => {
    const server = await startGraphQLServer()
    const response = await fetch(`${server.url}/graphql?query=subscription{events{type}}`, {
      headers: { authorization: `Bearer ${server.auditor.token}` },
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    await response.body?.cancel()
  })

  it('tells proxies to pass on events as they come', async () => {
    const server = await startGraphQLServer()
    const response = await fetch(`${server.url}/graphql?query=subscription{events{type}}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${server.auditor.token}` },
    })
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    await response.body?.cancel()
  })

  it('serves no page that would load scripts from elsewhere', async () => {
    const server = await startGraphQLServer()
    const response = await fetch(`${server.url}/graphql`, {
      headers: { accept: 'text/html', authorization: `Bearer ${server.submitter.token}` },
    })
    expect(await response.text()).not.toContain('<script')
  })
})
