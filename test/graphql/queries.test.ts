import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../graphql/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { everythingOfARequest } from '../support/request-query.ts'

describe('queries', () => {
  it('says who is asking', async () => {
    const server = await startGraphQLServer()
    const { data, errors } = await server.ask(
      server.submitter,
      '{ viewer { userId name roles user { email status } organization { name } apiToken { name prefix status } } }',
    )
    expect(errors).toBeUndefined()
    expect(data.viewer).toMatchObject({
      userId: server.submitter.userId,
      name: 'Sam Submitter',
      roles: [],
      user: { email: 'sam.submitter@example.com', status: 'active' },
      organization: { name: 'Example & Co' },
      apiToken: { name: 'test', status: 'active' },
    })
  })

  it('finds entities by UUID, by node id and by slug', async () => {
    const server = await startGraphQLServer()
    const { data: first } = await server.ask(
      server.submitter,
      `query ($project: ID!, $policy: ID!, $certificate: ID!, $user: ID!) {
        organization { id name organizationId }
        project(id: $project) { id slug name repositoryUrl status signingPolicies { slug } }
        bySlug: project(slug: "DEMO") { id }
        signingPolicy(id: $policy) { id name status project { slug } current { version release timestamp
          submitters { user { name } } approval { requiredApprovals approvers { user { name } group { name } } } } versions { version madeBy { component } } }
        certificate(id: $certificate) { id name status key { keyStore algorithm name origin potentiallyExposed token { label } certificates { name } events(first: 5) { nodes { type } } } renews { name } subject thumbprint chain pem notAfter }
        user(id: $user) { id name kind status roles }
      }`,
      {
        project: server.projectId,
        policy: server.releasePolicyId,
        certificate: server.certificateId.toUpperCase(),
        user: server.submitter.userId,
      },
    )
    expect(first.bySlug.id).toBe(first.project.id)
    expect(first.project).toMatchObject({
      slug: 'demo',
      status: 'valid',
      signingPolicies: [{ slug: 'release-signing' }, { slug: 'test-signing' }],
    })
    expect(first.signingPolicy).toMatchObject({
      name: 'Release',
      status: 'active',
      current: { version: 1, submitters: [{ user: { name: 'Sam Submitter' } }], approval: { requiredApprovals: 2 } },
      versions: [{ version: 1, madeBy: { component: 'setup' } }],
    })
    expect(first.certificate).toMatchObject({
      status: 'active',
      key: {
        keyStore: 'default',
        algorithm: 'ec_p256',
        name: 'Test certificate',
        origin: 'generated',
        potentiallyExposed: false,
        token: { label: 'test' },
        certificates: [{ name: 'Test certificate' }],
        events: { nodes: [{ type: 'KeyGenerationRequested' }, { type: 'KeyGenerated' }] },
      },
      renews: null,
      chain: ['MAA='],
      pem: '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n',
    })
    const ids = [first.organization.id, first.project.id, first.signingPolicy.id, first.certificate.id, first.user.id]
    const missing = Buffer.from(`Project:${randomUUID()}`).toString('base64')
    const { data: second, errors } = await server.ask(
      server.submitter,
      `query ($ids: [ID!]!, $project: ID!) {
        nodes(ids: $ids) { __typename id ... on Project { slug } ... on User { name } }
        node(id: $project) { ... on Project { slug } }
      }`,
      { ids: [...ids, missing], project: first.project.id },
    )
    expect(errors).toBeUndefined()
    expect(second.nodes).toMatchObject([
      { __typename: 'Organization', id: ids[0] },
      { __typename: 'Project', id: ids[1], slug: 'demo' },
      { __typename: 'SigningPolicy', id: ids[2] },
      { __typename: 'Certificate', id: ids[3] },
      { __typename: 'User', id: ids[4], name: 'Sam Submitter' },
      null,
    ])
    expect(second.node).toEqual({ slug: 'demo' })
  })

  it('answers null for what does not exist', async () => {
    const server = await startGraphQLServer()
    const { data, errors } = await server.ask(
      server.submitter,
      `query ($id: ID!) { project(id: $id) { slug } signingRequest(id: $id) { status } user(id: $id) { name }
        signingPolicy(id: $id) { slug } certificate(id: $id) { name } other: project(slug: "no-such") { slug } }`,
      { id: randomUUID() },
    )
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      project: null,
      signingRequest: null,
      user: null,
      signingPolicy: null,
      certificate: null,
      other: null,
    })
  })

  it('answers the same bytes after the read model was built anew', async () => {
    const server = await startGraphQLServer({ limits: { ...defaultLimits, cost: 1_000_000 } })
    const id = await server.submit()
    const planDigest = await server.plan(id)
    await server.tell(id, {
      type: 'Approve',
      groups: [],
      approver: server.approvers[1].userId,
      planDigest,
      comment: 'fine',
    })
    await server.submit('test-signing')
    await server.caughtUp()
    const everything = `{
      organization { id name createdAt } users(first: 50) { edges { cursor node { id name email roles apiTokens { issuedAt prefix } } } }
      projects { edges { cursor node { id slug events { nodes { eventId data } } signingPolicies { id versions { madeAt } } } } }
      certificates { nodes { id status createdAt } } signingRequests { edges { cursor node { ${everythingOfARequest} } } }
      events(first: 100) { edges { cursor node { eventId type data occurredAt correlationId causationId remoteAddress } } }
      securityRefusals { nodes { code } }
    }`
    const before = await server.ask(server.administrator, everything)
    expect(before.errors).toBeUndefined()
    await server.rebuild()
    const after = await server.ask(server.administrator, everything)
    expect(after.text).toBe(before.text)
    expect(before.data.signingRequests.edges).toHaveLength(2)
  })
})
