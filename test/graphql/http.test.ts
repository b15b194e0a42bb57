import { describe, expect, it } from 'vitest'
import { startGraphQLServer } from '../support/graphql-server.ts'

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
    }
    const long = await post(JSON.stringify({ query: '{ viewer { name } }', padding: 'x'.repeat(300_000) }))
    expect([long.status, long.answer.errors[0].extensions.code]).toEqual([413, 'REQUEST_TOO_LARGE'])
    expect(server.logged).toEqual([])
  })

  it('serves no page that would load scripts from elsewhere', async () => {
    const server = await startGraphQLServer()
    const response = await fetch(`${server.url}/graphql`, {
      headers: { accept: 'text/html', authorization: `Bearer ${server.submitter.token}` },
    })
    expect(await response.text()).not.toContain('<script')
  })
})
