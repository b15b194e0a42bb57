import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { disableKey } from '../../application/create-certificate.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { eraseUser } from '../../application/erase-user.ts'
import { changeGroupMembers, createGroup, describeGroup } from '../../application/groups.ts'
import { createOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import type { OrganizationId } from '../../domain/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { until } from '../support/until.ts'

/** Everything of everything, with what it refers to. */
const everything = (asOf: string) => `
  organization(${asOf}) { name revisions: events(last: 1) { nodes { revision } } }
  project(slug: "demo" ${asOf}) { slug status signingPolicies { slug status current { version approval { approvers { group { name members { nodes { userId } } } } } } } }
  signingPolicy(id: $policy ${asOf}) { current { name certificate { name status } } project { status } }
  certificate(id: $certificate ${asOf}) { status updatedAt key { status certificates { name } } }
  key(id: $key ${asOf}) { status events(last: 1) { nodes { type revision } } }
  group(id: $group ${asOf}) { name memberCount members { nodes { userId status } } }
  user(id: $user ${asOf}) { status roles apiTokens { name status } }
  signingRequest(id: $request ${asOf}) { status workflowStatus missingApprovals approvals { approver { userId } } signingPolicy { status } }
  projects(first: 5 ${asOf}) { nodes { slug status } }
  signingPolicies(first: 9 ${asOf}) { nodes { slug } }
  keys(first: 5 ${asOf}) { nodes { status } }
  certificates(first: 5 ${asOf}) { nodes { status } }
  users(first: 5 ${asOf}) { nodes { status } }
  groups(first: 5 ${asOf}) { nodes { name } }
  signingRequests(first: 5 ${asOf}) { nodes { workflowStatus } }`

const declared = '$policy: ID!, $certificate: ID!, $key: ID!, $group: ID!, $user: ID!, $request: ID!'

/** A moment that nothing happens at, and after which time goes on. */
async function momentBetween(): Promise<string> {
  const moment = new Date().toISOString()
  await until('the clock has gone on', () => new Date().toISOString() > moment)
  return moment
}

async function withGroup(server: GraphQLTestServer) {
  const { dependencies, setup, approvers, certificateId, projectId, submitter } = server
  const { groupId } = await createGroup(dependencies, setup, {
    name: 'Approvers',
    description: null,
    members: approvers.map(({ userId }) => userId),
  })
  const { signingPolicyId } = await createSigningPolicy(dependencies, setup, {
    projectId,
    slug: 'by-group',
    settings: {
      name: 'By a group',
      certificateId,
      submitters: [{ user: submitter.userId }],
      approval: {
        approvers: [{ group: groupId }],
        requiredApprovals: 2,
        submitterMayApprove: false,
        deadlineSeconds: null,
      },
      timestamp: 'required',
      release: false,
      existingSignatures: ['replace'],
    },
  })
  return { groupId, signingPolicyId }
}

describe('a query as of a moment', () => {
  it('answers as the same query did then, with all that it refers to', async () => {
    const server = await startGraphQLServer()
    const { dependencies, setup, approvers, certificateId, keyId, administrator } = server
    const { groupId, signingPolicyId } = await withGroup(server)
    const request = await server.submit('release-signing')
    const digest = await server.plan(request)
    await server.caughtUp()
    const variables = {
      policy: signingPolicyId,
      certificate: certificateId,
      key: keyId,
      group: groupId,
      user: approvers[0].userId,
      request,
    }
    const then = await server.ask(
      administrator,
      `query (${declared}) { ${everything('').replaceAll('()', '')} }`,
      variables,
    )
    expect(then.errors).toBeUndefined()
    const at = await momentBetween()

    await changeGroupMembers(dependencies, setup, {
      groupId,
      add: [administrator.userId],
      remove: [approvers[0].userId],
    })
    await describeGroup(dependencies, setup, { groupId, name: 'Others', description: 'Other people' })
    await issueApiToken(dependencies, setup, { userId: approvers[0].userId, name: 'later', expiresAt: null })
    await server.submit('test-signing')
    await disableKey(dependencies, setup, { keyId, reason: 'lost' })
    await server.tell(request, {
      type: 'Approve',
      approver: approvers[0].userId,
      groups: [],
      planDigest: digest,
      comment: null,
    })
    await createGroup(dependencies, setup, { name: 'Another', description: null, members: [] })
    await server.caughtUp()

    const query = `query ($at: DateTime!, ${declared}) { ${everything('asOf: $at')} }`
    const asOf = await server.ask(administrator, query, { ...variables, at })
    expect(asOf.errors).toBeUndefined()
    // Groups stand in the order of the names that they have now.
    const { groups, ...rest } = asOf.data
    const { groups: groupsThen, ...restThen } = then.data
    expect(rest).toEqual(restThen)
    expect(groups.nodes).toEqual(expect.arrayContaining(groupsThen.nodes))
    expect(groups.nodes).toHaveLength(groupsThen.nodes.length)
    const now = await server.ask(
      administrator,
      `query (${declared}) { ${everything('').replaceAll('()', '')} }`,
      variables,
    )
    const soon = await server.ask(administrator, query, { ...variables, at: '2200-01-01T00:00:00.000Z' })
    expect(soon.data).toEqual({
      ...now.data,
      certificate: soon.data.certificate,
      signingPolicy: soon.data.signingPolicy,
      certificates: soon.data.certificates,
    })
    expect(now.data).not.toEqual(then.data)
  })

  it('answers for each field as of its own moment, and with nothing before there was anything', async () => {
    const server = await startGraphQLServer()
    const before = await momentBetween()
    const { groupId } = await withGroup(server)
    const made = await momentBetween()
    await describeGroup(server.dependencies, server.setup, { groupId, name: 'Renamed', description: null })
    await server.caughtUp()
    const { data, errors } = await server.ask(
      server.auditor,
      `query ($id: ID!, $before: DateTime!, $made: DateTime!) {
        before: group(id: $id, asOf: $before) { name }
        made: group(id: $id, asOf: $made) { name members(first: 1) { nodes { status } } }
        now: group(id: $id) { name }
        list: groups(asOf: $before) { nodes { name } }
      }`,
      { id: groupId, before, made },
    )
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({
      before: null,
      made: { name: 'Approvers' },
      now: { name: 'Renamed' },
      list: { nodes: [] },
    })
  })

  it('shows names as they can be read now, and nothing of another organization', async () => {
    const server = await startGraphQLServer()
    const { dependencies, setup, approvers, auditor } = server
    const others = randomUUID() as OrganizationId
    await createOrganization(dependencies, new Setup(others), { name: 'Others' })
    const { groupId } = await createGroup(dependencies, new Setup(others), {
      name: 'Theirs',
      description: null,
      members: [],
    })
    const at = await momentBetween()
    await eraseUser(dependencies, setup, { userId: approvers[2].userId })
    await server.caughtUp()
    const query = `query ($user: ID!, $group: ID!, $unknown: ID!, $at: DateTime!) {
      user(id: $user, asOf: $at) { name personalData status }
      group(id: $group, asOf: $at) { name } unknown: group(id: $unknown, asOf: $at) { name }
    }`
    const { data, text } = await server.ask(auditor, query, {
      user: approvers[2].userId,
      group: groupId,
      unknown: randomUUID(),
      at,
    })
    expect(data).toMatchObject({ user: { personalData: 'erased', status: 'active' }, group: null, unknown: null })
    expect(text).not.toContain('Cora')
  })

  it('refuses to choose requests by their status then, and a text that is no moment', async () => {
    const server = await startGraphQLServer()
    await server.caughtUp()
    const filtered =
      '{ signingRequests(filter: { status: [Completed] }, asOf: "2026-01-01T00:00:00Z") { nodes { status } } }'
    expect((await server.ask(server.auditor, filtered)).errors).toMatchObject([
      { extensions: { code: 'AS_OF_FILTER_UNSUPPORTED' } },
    ])
    for (const at of ['yesterday', '2026-01-01', '2026-02-30T00:00:00', ''])
      expect(
        (await server.ask(server.auditor, `{ organization(asOf: "${at}") { name } }`)).errors?.[0]?.extensions.code,
      ).toMatch(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/)
  })
})
