import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { subscribeBySse, subscribeByWebSocket } from '../support/graphql-subscriber.ts'
import { until } from '../support/until.ts'

async function post(server: GraphQLTestServer, body: Uint8Array | string) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.auditor.token}`, 'content-type': 'application/json' },
    body: body as BodyInit,
  })
  return { status: response.status, answer: await response.json() }
}

describe('text that cannot be written down', () => {
  it.each([
    ['a body that is not UTF-8', Buffer.from('{"query":"{ project(slug: \\"\xff\\") { slug } }"}', 'latin1')],
    ['a body in UTF-16', Buffer.from('{"query":"{ viewer { name } }"}', 'utf16le')],
    ['a body that ends within a character', Buffer.from('{"query":"{ viewer { name } } #\xc3', 'latin1')],
  ])('is refused as %s', async (_, body) => {
    const server = await startGraphQLServer({ project: false })
    const { status, answer } = await post(server, body)
    expect([status, answer.errors[0].extensions.code]).toEqual([
      400,
      expect.stringMatching(/^(REQUEST_MALFORMED|BAD_)/),
    ])
    expect(answer.errors[0].extensions.code).not.toBe('INTERNAL_ERROR')
    expect(server.logged).toEqual([])
  })

  it.each([
    ['half a character in a variable', { slug: 'a\ud800' }],
    ['U+0000 in a variable', { slug: 'a\u0000' }],
  ])('is refused as %s, by the path of the argument', async (_, variables) => {
    const server = await startGraphQLServer({ project: false })
    const query = 'query ($slug: String) { project(slug: $slug) { slug } }'
    // JSON.stringify writes halves of characters as escapes, which are ASCII.
    const { answer } = await post(server, JSON.stringify({ query, variables }))
    expect(answer.errors[0].extensions).toEqual({ code: 'TEXT_MALFORMED', details: { argument: 'slug' } })
  })

  it('is refused in a literal, in a list and deep in an input', async () => {
    const server = await startGraphQLServer({ project: false })
    const argumentOf = async (query: string) => {
      const { errors } = await server.ask(server.auditor, query)
      expect(errors?.[0]?.extensions.code).toBe('TEXT_MALFORMED')
      return errors?.[0]?.extensions.details?.argument
    }
    expect(await argumentOf('{ project(slug: "a\\u0000") { slug } }')).toBe('slug')
    expect(await argumentOf('{ events(types: ["A", "\\u0000"]) { nodes { type } } }')).toBe('types.1')
    expect(await argumentOf('{ signingRequests(filter: { project: "\\u0000" }) { nodes { id } } }')).toBe(
      'filter.project',
    )
    const cancel = 'mutation { cancelSigningRequest(input: { signingRequestId: "\\u0000" }) { position } }'
    expect(await argumentOf(cancel)).toBe('input.signingRequestId')
  })

  it.each(['/graphql?query=%ff', '/graphql?query={viewer{name}}&variables=%c3', '/graphql?%80=1'])(
    'is refused in the address %s',
    async (path) => {
      const server = await startGraphQLServer({ project: false })
      const headers = { authorization: `Bearer ${server.auditor.token}` }
      const response = await fetch(`${server.url}${path}`, { headers })
      expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([400, 'REQUEST_MALFORMED'])
    },
  )
})

describe('a position', () => {
  const query = 'subscription ($after: LogPosition) { events(after: $after) { type } }'

  it.each(['garbage', '', '1', '~', '000000000000000A', `${'0'.repeat(31)}G`, '０'.repeat(16)])(
    '«%s» that no log writes is refused, by either transport',
    async (after) => {
      const server = await startGraphQLServer()
      const sse = await subscribeBySse(server.url, server.auditor.token, query, { after })
      const [result] = await sse.count(1)
      expect(result?.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
      const socket = subscribeByWebSocket(server.url, server.auditor.token, query, { after })
      await until('the refusal', () => socket.failure() !== undefined || socket.results.length > 0)
      expect(JSON.stringify([socket.failure(), socket.results])).toContain('BAD_USER_INPUT')
    },
  )

  it.each([
    query,
    'subscription ($after: LogPosition) { signingRequestsChanged(after: $after) { status } }',
    'query ($after: LogPosition) { viewer(minimumPosition: $after) { name } }',
  ])('that the log has not reached is told: %s', async (document) => {
    const server = await startGraphQLServer({ readModelTimeoutMs: 50 })
    const after = '9007199254740991'
    const socket = subscribeByWebSocket(server.url, server.auditor.token, document, { after })
    await until('the refusal', () => socket.failure() !== undefined || socket.results.length > 0)
    expect(JSON.stringify([socket.failure(), socket.results])).toContain('READ_MODEL_BEHIND')
  })
})

describe('a token in the payload of connection_init', () => {
  const connect = async ({ url }: GraphQLTestServer, payload: unknown) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    await new Promise((resolve) => socket.once('open', resolve))
    const ended = new Promise<string>((resolve) => {
      socket.once('message', (message) => resolve(String(message)))
      socket.once('close', (code, reason) => resolve(`${code} ${reason}`))
    })
    socket.send(JSON.stringify({ type: 'connection_init', payload }))
    const outcome = await ended
    socket.terminate()
    return outcome
  }

  it.each(['authorization', 'Authorization', 'AUTHORIZATION'])('is taken as %s', async (name) => {
    const server = await startGraphQLServer({ project: false })
    expect(await connect(server, { [name]: `Bearer ${server.auditor.token}` })).toBe('{"type":"connection_ack"}')
  })

  it.each([
    ['is nowhere', undefined],
    ['is no text', { authorization: 7 }],
    ['lacks its scheme', { authorization: 'token' }],
    ['has another name', { token: 'Bearer x' }],
  ])('that %s is refused, and the text speaks of the payload', async (_, payload) => {
    const server = await startGraphQLServer({ project: false })
    expect(await connect(server, payload)).toBe(
      '4401 UNAUTHENTICATED: Send {"authorization": "Bearer <token>"} as the payload of connection_init.',
    )
  })
})
