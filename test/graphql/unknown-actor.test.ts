import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Actor, eventMetadata, streams, type UserId } from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'

/** The project is taken out of use, by somebody. */
async function deactivateProject({ log, organizationId, projectId }: GraphQLTestServer, actor: Actor): Promise<void> {
  const streamId = streams.project(projectId)
  const { revision } = await readWholeStream(log, streamId)
  const metadata = eventMetadata(
    { actor, callId: randomUUID() },
    { organizationId, occurredAt: new Date().toISOString() },
  )
  const event = { type: 'ProjectDeactivated', data: { schemaVersion: 1, reason: null } }
  await log.append(streamId, prepareEvents(streamId, revision, [event], metadata), revision)
}

const query = `{
  projects(first: 5) { nodes { slug status } }
  events(first: 1) { nodes { type actor {
    kind userId user { name } component vouchedBy { trustedBuildSystemId method node { subject rule } }
    authentication { method apiTokenId sessionId issuer signInMethod authenticatedAt credentialId }
  } } }
}`

const nothing = { userId: null, user: null, component: null, authentication: null, vouchedBy: null }
const noDetails = {
  apiTokenId: null,
  sessionId: null,
  issuer: null,
  signInMethod: null,
  authenticatedAt: null,
  credentialId: null,
}

describe('queries about an event', () => {
  it('of an actor of a kind that only a later release knows answer all the rest, and so does everything else', async () => {
    const server = await startGraphQLServer()
    await deactivateProject(server, { kind: 'robot', serial: 7 } as unknown as Actor)
    await server.caughtUp()
    const { data, errors } = await server.ask(server.auditor, query)
    expect(errors).toBeUndefined()
    expect(data.projects.nodes).toMatchObject([{ status: 'inactive' }])
    expect(data.events.nodes).toEqual([{ type: 'ProjectDeactivated', actor: { kind: 'unknown', ...nothing } }])
  })

  it('of a user who authenticated in a way that only a later release knows still name the user', async () => {
    const server = await startGraphQLServer()
    const { userId } = server.administrator
    const authentication = { method: 'smartCard', card: 'a1' }
    await deactivateProject(server, { kind: 'user', userId, authentication } as unknown as Actor)
    await server.caughtUp()
    const { data, errors } = await server.ask(server.auditor, query)
    expect(errors).toBeUndefined()
    expect(data.events.nodes[0].actor).toMatchObject({
      kind: 'user',
      userId,
      authentication: { method: 'unknown', ...noDetails },
    })
  })

  it('say how the user signed in, and which build system and node vouched for the call', async () => {
    const server = await startGraphQLServer()
    const userId: UserId = server.administrator.userId
    const [sessionId, trustedBuildSystemId, tokenId] = [randomUUID(), randomUUID(), randomUUID()]
    const authenticatedAt = '2026-01-31T09:30:00.000Z'
    await deactivateProject(server, {
      kind: 'user',
      userId,
      authentication: {
        method: 'passkeyAssertion',
        credentialId: 'q83vEjRWeJA',
        session: {
          sessionId: sessionId as never,
          signIn: { method: 'openIdConnect', issuer: 'https://login.example', amr: ['pwd'] },
          authenticatedAt,
        },
      },
      vouchedBy: {
        trustedBuildSystemId: trustedBuildSystemId as never,
        proof: { method: 'token', tokenId: tokenId as never },
        node: { subject: 'CN=node-7', issuer: 'CN=Builds', serialNumber: '0a', template: null, rule: 'windows' },
      },
    })
    await server.caughtUp()
    const { data, errors } = await server.ask(server.auditor, query)
    expect(errors).toBeUndefined()
    expect(data.events.nodes[0].actor).toMatchObject({
      kind: 'user',
      userId,
      authentication: {
        method: 'passkeyAssertion',
        apiTokenId: null,
        sessionId,
        issuer: 'https://login.example',
        signInMethod: 'openIdConnect',
        authenticatedAt,
        credentialId: 'q83vEjRWeJA',
      },
      vouchedBy: { trustedBuildSystemId, method: 'token', node: { subject: 'CN=node-7', rule: 'windows' } },
    })
  })
})
