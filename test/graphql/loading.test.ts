import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../graphql/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'

describe('loading', () => {
  it('asks the database no more often for fifty requests with all that belongs to them than for one', async () => {
    const server = await startGraphQLServer({ limits: { ...defaultLimits, cost: 100_000 } })
    for (let number = 0; number < 50; number += 1) {
      const id = await server.submit(number % 2 === 0 ? 'release-signing' : 'test-signing')
      await server.plan(id)
    }
    await server.caughtUp()
    const queriesFor = async (first: number) => {
      const before = server.queries.length
      const { data, errors } = await server.ask(
        server.submitter,
        `query ($first: Int!) { signingRequests(first: $first) { nodes {
          status project { slug signingPolicies { slug current { certificate { name } approval { approvers { user { name } group { name } } } } } }
          signingPolicy { name project { name } } certificate { name } submitter { name }
          approvalProcess { approvers { user { name } group { name } } } events(first: 3) { nodes { type actor { user { name } } } } } } }`,
        { first },
      )
      expect(errors).toBeUndefined()
      expect(data.signingRequests.nodes).toHaveLength(first)
      return server.queries.slice(before).filter((sql) => !sql.includes('"read_models"'))
    }
    const one = await queriesFor(1)
    const fifty = await queriesFor(50)
    expect(fifty.length).toBeLessThanOrEqual(one.length)
    expect(fifty.length).toBeLessThanOrEqual(12)
  })
})
