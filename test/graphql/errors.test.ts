import { describe, expect, it } from 'vitest'
import { failingReadModel } from '../support/failing-read-model.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'

describe('errors', () => {
  it('of syntax and validation keep their usual codes', async () => {
    const server = await startGraphQLServer()
    const code = async (query: string, variables = {}) =>
      (await server.ask(server.submitter, query, variables)).errors?.[0]?.extensions.code
    expect(await code('{ viewer { ')).toBe('GRAPHQL_PARSE_FAILED')
    expect(await code('{ viewer { noSuchField } }')).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(await code('query ($id: ID!) { user(id: $id) { name } }')).toBe('BAD_USER_INPUT')
    expect(await code('query ($p: LogPosition) { viewer(minimumPosition: $p) { name } }', { p: 7 })).toBe(
      'BAD_USER_INPUT',
    )
  })

  it('of malformed ids, cursors and pages say what would be right', async () => {
    const server = await startGraphQLServer()
    const code = async (query: string) => (await server.ask(server.submitter, query)).errors?.[0]?.extensions.code
    expect(await code('{ user(id: "x-y") { name } }')).toBe('ID_MALFORMED')
    expect(await code('{ node(id: "%%%") { id } }')).toBe('ID_MALFORMED')
    expect(await code('{ nodes(ids: ["Zm9v"]) { id } }')).toBe('ID_MALFORMED')
    const user = Buffer.from(`User:${server.submitter.userId}`).toString('base64')
    expect(await code(`{ project(id: "${user}") { slug } }`)).toBe('ID_MALFORMED')
    expect(await code('{ project { slug } }')).toBe('ARGUMENTS_AMBIGUOUS')
    expect(await code('{ project(slug: "no slug!") { slug } }')).toBe('SLUG_MALFORMED')
    expect(await code('{ users(after: "nonsense") { nodes { name } } }')).toBe('CURSOR_MALFORMED')
    expect(await code('{ users(first: 101) { nodes { name } } }')).toBe('PAGE_TOO_LARGE')
    expect(await code('{ users(last: 101) { nodes { name } } }')).toBe('PAGE_TOO_LARGE')
    expect(await code('{ users(first: -1) { nodes { name } } }')).toBe('PAGE_MALFORMED')
    expect(await code('{ users(first: 1, last: 1) { nodes { name } } }')).toBe('PAGE_MALFORMED')
    expect(await code('{ signingRequests(filter: { signingPolicy: "x" }) { nodes { id } } }')).toBe('PROJECT_NEEDED')
  })

  it('that nobody foresaw show nothing but an id, which the log has too', async () => {
    const secret = 'the password is hunter2'
    const server = await startGraphQLServer({ readModel: failingReadModel(() => new TypeError(secret)) })
    const { errors, text, data } = await server.ask(server.submitter, '{ users { nodes { name } } }')
    expect(text).not.toContain('hunter2')
    expect(data).toBeNull()
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INTERNAL_ERROR' })
    expect(errors?.[0]?.path).toEqual(['users'])
    expect(server.logged).toHaveLength(1)
    expect(server.logged[0]?.fields.correlationId).toBe(errors?.[0]?.extensions.correlationId)
    expect(server.logged[0]?.fields.err).toMatchObject({ message: secret })
  })

  it('of the artifact store keep their code, and the rest of the answer', async () => {
    const missing = Object.assign(new Error('It is not there.'), { code: 'ARTIFACT_NOT_FOUND', transient: false })
    const server = await startGraphQLServer({ openPlan: () => Promise.reject(missing) })
    const id = await server.submit()
    await server.plan(id)
    await server.caughtUp()
    const { data, errors } = await server.ask(
      server.submitter,
      `{ signingRequest(id: "${id}") { status plan { fileCount document files { nodes { path } } } } }`,
    )
    expect(data.signingRequest).toEqual({
      status: 'WaitingForApproval',
      plan: { fileCount: 1, document: null, files: null },
    })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['ARTIFACT_NOT_FOUND', 'ARTIFACT_NOT_FOUND'])
  })
})
