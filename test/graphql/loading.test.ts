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

  it('asks no more often for twenty policies of as many groups than for one, members included', async () => {
    const server = await startGraphQLServer({ limits: { ...defaultLimits, cost: 100_000 } })
    const { application, setup, projectId, certificateId, submitter, approvers } = server
    const members = approvers.map(({ userId }) => userId)
    for (let number = 0; number < 20; number += 1) {
      const input = { name: `Group ${number}`, description: null, members }
      const { groupId } = await application.createGroup(setup, input)
      const settings = {
        name: `Policy ${number}`,
        certificateId,
        submitters: [{ user: submitter.userId }, { group: groupId }],
        approval: null,
        timestamp: 'none',
        release: false,
        existingSignatures: ['refuse'],
      } as const
      await application.createSigningPolicy(setup, { projectId, slug: `by-group-${number}`, settings })
    }
    await server.caughtUp()
    const queriesFor = async (first: number) => {
      const before = server.queries.length
      const { data, errors } = await server.ask(
        submitter,
        `query ($first: Int!) { signingPolicies(first: $first) { nodes { slug current { submitters {
          user { name } group { groupId name memberCount members(first: 2) { nodes { name } pageInfo { hasNextPage } } } } } } } }`,
        { first },
      )
      expect(errors).toBeUndefined()
      const [policy] = data.signingPolicies.nodes
      expect(policy).toMatchObject({
        slug: 'by-group-0',
        current: {
          submitters: [
            { user: { name: 'Sam Submitter' }, group: null },
            {
              user: null,
              group: { name: 'Group 0', memberCount: 3, members: { nodes: [{}, {}], pageInfo: { hasNextPage: true } } },
            },
          ],
        },
      })
      return server.queries.slice(before).filter((sql) => !sql.includes('"read_models"'))
    }
    const one = await queriesFor(1)
    const twenty = await queriesFor(20)
    expect(twenty.length).toBeLessThanOrEqual(one.length)
  })

  it('pages through the members of a group, forwards and backwards, each once', async () => {
    const server = await startGraphQLServer()
    const { application, setup, submitter, approvers } = server
    const members = [submitter, ...approvers].map(({ userId }) => userId)
    const { groupId } = await application.createGroup(setup, { name: 'All', description: 'of them', members })
    await server.caughtUp()
    const page = async (asked: string) => {
      const query = `query ($id: ID!) { groups { nodes { groupId } } group(id: $id) { description events { nodes { type } }
        members(${asked}) { edges { cursor node { userId } } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } } }`
      const { data, errors } = await server.ask(submitter, query, { id: groupId })
      expect(errors).toBeUndefined()
      expect(data.groups.nodes).toEqual([{ groupId }])
      expect(data.group).toMatchObject({ description: 'of them', events: { nodes: [{ type: 'GroupCreated' }] } })
      const { edges, pageInfo } = data.group.members
      return { ids: edges.map((edge: { node: { userId: string } }) => edge.node.userId), ...pageInfo }
    }
    const first = await page('first: 3')
    const rest = await page(`first: 3, after: "${first.endCursor}"`)
    expect([first.hasNextPage, rest.hasNextPage, rest.hasPreviousPage]).toEqual([true, false, true])
    expect([...first.ids, ...rest.ids]).toEqual([...members].sort())
    const last = await page('last: 3')
    const before = await page(`last: 3, before: "${last.startCursor}"`)
    expect([...before.ids, ...last.ids]).toEqual([...members].sort())
  })
})
