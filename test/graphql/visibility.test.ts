import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newApiToken } from '../../application/api-token.ts'
import { createProject } from '../../application/create-project.ts'
import { createUser } from '../../application/create-user.ts'
import { createOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import type { OrganizationId } from '../../domain/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'

describe('a query', () => {
  it('shows nothing of another organization', async () => {
    const server = await startGraphQLServer()
    const organizationId = randomUUID() as OrganizationId
    const theirs = new Setup(organizationId)
    await createOrganization(server.dependencies, theirs, { name: 'Others' })
    const { userId } = await createUser(server.dependencies, theirs, {
      kind: 'interactive',
      name: 'Oda Other',
      email: null,
      roles: [],
    })
    const { projectId } = await createProject(server.dependencies, theirs, {
      slug: 'theirs',
      name: 'Theirs',
      description: null,
      repositoryUrl: null,
    })
    await server.caughtUp()
    const { data } = await server.ask(
      server.administrator,
      `query ($project: ID!, $user: ID!, $node: ID!, $stream: String!) {
        project(id: $project) { slug } bySlug: project(slug: "theirs") { slug } user(id: $user) { name }
        node(id: $node) { id } users { nodes { name } } projects { nodes { slug } }
        events(streamId: $stream) { nodes { type } }
      }`,
      {
        project: projectId,
        user: userId,
        node: Buffer.from(`Organization:${organizationId}`).toString('base64'),
        stream: `project-${projectId}`,
      },
    )
    expect(data).toMatchObject({ project: null, bySlug: null, user: null, node: null, events: { nodes: [] } })
    expect(data.users.nodes.map(({ name }: { name: string }) => name)).not.toContain('Oda Other')
    expect(data.projects.nodes).toEqual([{ slug: 'demo' }])
  })

  it('shows e-mail addresses and tokens to administrators of users and their owners alone', async () => {
    const server = await startGraphQLServer()
    const query = 'query ($id: ID!) { user(id: $id) { email apiTokens { name } } }'
    const asked = async (by: { token: string }, of: string) => (await server.ask(by, query, { id: of })).data.user
    const { administrator, auditor, submitter, approvers } = server
    const seen = { email: 'sam.submitter@example.com', apiTokens: [{ name: 'test' }] }
    expect(await asked(administrator, submitter.userId)).toEqual(seen)
    expect(await asked(submitter, submitter.userId)).toEqual(seen)
    expect(await asked(auditor, submitter.userId)).toEqual({ email: null, apiTokens: null })
    expect(await asked(approvers[0], submitter.userId)).toEqual({ email: null, apiTokens: null })

    const feed = '{ events(types: ["UserCreated", "ApiTokenIssued"], first: 100) { nodes { type data } } }'
    const toAdministrator = await server.ask(administrator, feed)
    const toAuditor = await server.ask(auditor, feed)
    expect(toAdministrator.text).toContain('sam.submitter@example.com')
    expect(toAuditor.text).not.toContain('sam.submitter@example.com')
    expect(toAuditor.text).toContain('otto.auditor@example.com')
    expect(toAdministrator.text).not.toContain('tokenHash')
  })

  it('opens the audit log and the list of refusals to auditors and administrators alone', async () => {
    const server = await startGraphQLServer()
    const id = await server.submit()
    await server.ask(
      server.approvers[0],
      `mutation ($id: ID!) { denySigningRequest(input: { signingRequestId: $id }) { position } }`,
      { id },
    )
    // Nobody is known by this one: it belongs to no organization, and none sees it.
    await server.ask({ token: `${server.submitter.token}x` }, '{ viewer { name } }')
    await server.ask({ token: newApiToken(server.submitter.userId).text }, '{ viewer { name } }')
    await server.caughtUp()
    const query = `{ securityRefusals { nodes { commands code count actor { kind userId } remoteAddress subject } }
      events(first: 3) { nodes { type } } }`
    for (const regular of [server.submitter, server.approvers[0]]) {
      const { data, errors } = await server.ask(regular, query)
      expect(data).toBeNull()
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    }
    for (const allowed of [server.auditor, server.administrator]) {
      const { data, errors } = await server.ask(allowed, query)
      expect(errors).toBeUndefined()
      const refused: { readonly commands: readonly string[] }[] = data.securityRefusals.nodes
      // Those who asked for the list in vain may be in it already.
      expect(refused.filter(({ commands }) => commands[0] !== 'securityRefusals')).toMatchObject([
        { commands: ['authenticate'], code: 'TOKEN_INVALID', count: 1, actor: { kind: 'anonymous' } },
        {
          commands: ['denySigningRequest'],
          code: 'NOT_WAITING_FOR_APPROVAL',
          subject: id,
          actor: { kind: 'user', userId: server.approvers[0].userId },
          remoteAddress: '127.0.0.1',
        },
      ])
      expect(data.events.nodes).toHaveLength(3)
    }
  })
})
