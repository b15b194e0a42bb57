import { getIntrospectionQuery } from 'graphql'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../graphql/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'

describe('limits', () => {
  it('let what people and tools ask for pass', async () => {
    const server = await startGraphQLServer()
    const hundred = await server.ask(
      server.submitter,
      `{ signingRequests(first: 100) { edges { cursor node {
        id signingRequestId status workflowStatus submittedAt description
        project { slug name } signingPolicy { slug name } submitter { name } artifact { fileName sha256 size }
        plan { digest fileCount } approvalProcess { requiredApprovals approvers { user { name } group { name } } }
        approvals { approver { name } approvedAt comment } signedArtifactLink } } pageInfo { endCursor hasNextPage } } }`,
    )
    expect(hundred.errors).toBeUndefined()
    const introspection = await server.ask(server.submitter, getIntrospectionQuery())
    expect(introspection.errors).toBeUndefined()
    expect(introspection.data.__schema.types.length).toBeGreaterThan(40)
  })

  it('refuse what is too deep, and name the limit and the depth', async () => {
    const server = await startGraphQLServer()
    const nested = (levels: number): string =>
      levels === 0 ? 'slug' : `signingPolicies { project { ${nested(levels - 1)} } }`
    const { data, errors } = await server.ask(server.submitter, `{ project(slug: "demo") { ${nested(6)} } }`)
    expect(data ?? null).toBeNull()
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'QUERY_TOO_DEEP',
      details: { limit: defaultLimits.depth, actual: 14 },
    })
  })

  it('multiply the cost of a list by the size of its pages, from variables too', async () => {
    const server = await startGraphQLServer()
    const query = `query ($first: Int!) { signingRequests(first: $first) { nodes { events(first: $first) { nodes { type data } } } } }`
    expect((await server.ask(server.submitter, query, { first: 5 })).errors).toBeUndefined()
    const { errors } = await server.ask(server.submitter, query, { first: 100 })
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'QUERY_TOO_COSTLY',
      details: { limit: defaultLimits.cost, measure: 'cost' },
    })
    expect(errors?.[0]?.extensions.details?.actual).toBeGreaterThan(20_000)
  })

  it('count aliases and fragments wherever they are used', async () => {
    const server = await startGraphQLServer()
    const aliases = Array.from({ length: 601 }, (_, number) => `a${number}: __typename`).join(' ')
    const many = await server.ask(server.submitter, `{ ${aliases} }`)
    expect(many.errors?.[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COSTLY', details: { measure: 'fields' } })
    const doubling = Array.from(
      { length: 14 },
      (_, level) => `fragment F${level} on Query { ...F${level + 1} ...F${level + 1} }`,
    ).join('\n')
    const bomb = await server.ask(server.submitter, `{ ...F0 } ${doubling} fragment F14 on Query { __typename }`)
    expect(bomb.errors?.[0]?.extensions.code).toBe('QUERY_TOO_COSTLY')
  })

  it('refuse fragments that contain themselves, once and as validation does', async () => {
    const server = await startGraphQLServer()
    const { errors } = await server.ask(
      server.submitter,
      '{ ...A } fragment A on Query { viewer { name } ...B } fragment B on Query { ...A }',
    )
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['GRAPHQL_VALIDATION_FAILED'])
  })

  it('refuse documents of too many tokens before they are parsed to the end', async () => {
    const server = await startGraphQLServer()
    const { errors } = await server.ask(server.submitter, `{ ${'viewer { name } '.repeat(1_500)} }`)
    expect(errors?.[0]?.extensions).toEqual({ code: 'QUERY_TOO_LONG', details: { limit: defaultLimits.tokens } })
  })

  it('hold for the operation that is chosen, not for its neighbours', async () => {
    const server = await startGraphQLServer({ limits: { ...defaultLimits, cost: 10 } })
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.submitter.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'query Cheap { viewer { name } } query Dear { users(first: 100) { nodes { name } } }',
        operationName: 'Cheap',
      }),
    })
    expect(await response.json()).toEqual({ data: { viewer: { name: 'Sam Submitter' } } })
  })
})
