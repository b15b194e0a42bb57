import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { eraseUser } from '../../application/erase-user.ts'
import { changeGroupMembers, createGroup, describeGroup } from '../../application/groups.ts'
import { createOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import { type OrganizationId, streams } from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { entityKinds } from '../../projections/index.ts'
import { registerRest } from '../../rest/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { restClient } from '../support/rest-document.ts'
import { until } from '../support/until.ts'

const history = `query ($kind: EntityKind!, $id: ID!, $asOf: DateTime, $first: Int, $after: String) {
  history(kind: $kind, id: $id, asOf: $asOf, first: $first, after: $after) {
    nodes {
      event { type revision occurredAt remoteAddress actor { kind user { userId } component } data }
      changes { path kind before after }
    }
    pageInfo { hasNextPage endCursor }
  }
}`

type Entry = {
  event: { type: string; revision: number }
  changes: { path: string; kind: string; before: unknown; after: unknown }[]
}

type Asked = { readonly kind: string; readonly id: string; readonly asOf?: string }

const startServer = () => startGraphQLServer({ register: (http, _application, rest) => registerRest(http, rest) })

/** A history as GraphQL has it; REST must have the same. */
async function historyOf(server: GraphQLTestServer, user: { readonly token: string }, asked: Asked): Promise<Entry[]> {
  const { data, errors } = await server.ask(user, history, asked)
  expect(errors).toBeUndefined()
  const { nodes = null } = data.history ?? {}
  const byRest = await restHistoryOf(server, user, asked)
  if (nodes === null) expect(byRest).toMatchObject({ status: 404, code: expect.stringMatching(/_NOT_FOUND$/) })
  else
    expect(byRest.items).toMatchObject(
      nodes.map(({ event: { actor, ...event }, changes }: Entry & { event: { actor: object } }) => ({
        event: { ...event, actor: expect.anything() },
        changes,
      })),
    )
  return nodes
}

/** What REST answers; every answer is held against the OpenAPI document. */
async function restHistoryOf(
  server: GraphQLTestServer,
  { token }: { readonly token: string },
  asked: Asked,
  more = '',
) {
  const { kind, id, asOf } = asked
  const moment = asOf === undefined ? '' : `&asOf=${encodeURIComponent(asOf)}`
  const path = `/Api/v1/${server.organizationId}/History/${kind}/${id}?first=100${moment}${more}`
  const { status, body } = await restClient(server)('GET', path, { token })
  return { status, ...body }
}

const said = ({ changes }: Entry) => changes.map(({ path, kind, before, after }) => [path, kind, before, after])

describe('the history of an entity', () => {
  it('says what each change changed, with who came and who went', async () => {
    const server = await startServer()
    const { dependencies, setup, approvers, submitter } = server
    const [anna, bert, cora] = approvers.map(({ userId }) => userId)
    if (anna === undefined || bert === undefined || cora === undefined) throw new Error('There are three.')
    const group = { name: 'Approvers', description: null, members: [anna, bert] }
    const { groupId } = await createGroup(dependencies, setup, group)
    await changeGroupMembers(dependencies, setup, { groupId, add: [cora], remove: [anna] })
    const at = new Date().toISOString()
    await until('the clock has gone on', () => new Date().toISOString() > at)
    await describeGroup(dependencies, setup, { groupId, name: 'Signers', description: null })
    await server.caughtUp()
    const entries = await historyOf(server, submitter, { kind: 'group', id: groupId })
    expect(entries.map(({ event }) => [event.type, event.revision])).toEqual([
      ['GroupCreated', 0],
      ['GroupMembersChanged', 1],
      ['GroupDescribed', 2],
    ])
    expect(entries[0] && said(entries[0])).toEqual(expect.arrayContaining([['members', 'added', null, [anna, bert]]]))
    expect(entries[1] && said(entries[1])).toEqual([
      ['members', 'removed', anna, null],
      ['members', 'added', null, cora],
    ])
    expect(entries[2] && said(entries[2])).toEqual([['name', 'changed', 'Approvers', 'Signers']])
    expect(await historyOf(server, submitter, { kind: 'group', id: groupId, asOf: at })).toHaveLength(2)
    const first = await server.ask(submitter, history, { kind: 'group', id: groupId, first: 1 })
    expect(first.data.history.pageInfo.hasNextPage).toBe(true)
    const after = first.data.history.pageInfo.endCursor
    const second = await server.ask(submitter, history, { kind: 'group', id: groupId, first: 1, after })
    expect(second.data.history.nodes).toEqual([entries[1]])
    const rest = await restClient(server)(
      'GET',
      `/Api/v1/${server.organizationId}/History/group/${groupId}?first=1&after=${after}`,
      submitter,
    )
    expect(rest.body).toMatchObject({ items: [{ event: { revision: 1 } }], nextCursor: expect.any(String) })
  })

  it('compares versions of a policy field by field', async () => {
    const server = await startServer()
    const { log, releasePolicyId, auditor, organizationId } = server
    const streamId = streams.signingPolicy(releasePolicyId)
    const { events, revision } = await readWholeStream(log, streamId)
    const [created] = events
    if (created === undefined) throw new Error('There is no such policy.')
    const { settings } = created.data as unknown as { settings: { approval: object } }
    const changed = { ...settings, release: true, approval: { ...settings.approval, requiredApprovals: 3 } }
    const event = { type: 'SigningPolicyChanged', data: { schemaVersion: 1, version: 2, settings: changed } }
    const { signature: _, ...metadata } = { ...created.metadata, organizationId }
    await log.append(streamId, prepareEvents(streamId, revision, [event], metadata), revision)
    await server.caughtUp()
    const entries = await historyOf(server, auditor, { kind: 'signingPolicy', id: releasePolicyId })
    expect(entries[1] && said(entries[1])).toEqual([
      ['version', 'changed', 1, 2],
      ['settings.approval.requiredApprovals', 'changed', 2, 3],
      ['settings.release', 'changed', false, true],
    ])
  })

  it('is there for every kind of entity that the organization has, and for none of another', async () => {
    const server = await startServer()
    const { keyId, certificateId, projectId, releasePolicyId, administrator, organizationId, approvers } = server
    const { groupId } = await createGroup(server.dependencies, server.setup, {
      name: 'G',
      description: null,
      members: [],
    })
    const others = new Setup(randomUUID() as OrganizationId)
    await createOrganization(server.dependencies, others, { name: 'Others' })
    const theirs = await createGroup(server.dependencies, others, { name: 'Theirs', description: null, members: [] })
    const signingRequest = await server.submit('test-signing')
    await server.caughtUp()
    const ids: Record<string, string> = {
      organization: organizationId,
      user: approvers[0].userId,
      key: keyId,
      group: groupId,
      certificate: certificateId,
      project: projectId,
      signingPolicy: releasePolicyId,
      signingRequest,
    }
    for (const kind of entityKinds) {
      const id = ids[kind]
      if (id !== undefined) {
        const [first] = await historyOf(server, administrator, { kind, id })
        expect([
          kind,
          first?.changes.some(({ path }) => path === 'status' || path === 'workflowStatus' || path === 'name'),
        ]).toEqual([kind, true])
      }
      expect(await historyOf(server, administrator, { kind, id: randomUUID() })).toBeNull()
    }
    expect(await historyOf(server, administrator, { kind: 'group', id: theirs.groupId })).toBeNull()
    const wrong = await server.ask(administrator, history, { kind: 'group', id: 'Approvers' })
    expect(wrong.errors?.[0]?.extensions.code).toBe('ID_MALFORMED')
    const byRest = await restHistoryOf(server, administrator, { kind: 'groups', id: 'Approvers' })
    expect(byRest).toMatchObject({ status: 400, code: 'INPUT_MALFORMED', errors: { kind: expect.anything() } })
  })

  it('of a user is for that user and auditors, without what they may not see, and never with what is secret', async () => {
    const server = await startServer()
    const { administrator, auditor, submitter, approvers, dependencies, setup } = server
    const [anna, bert] = approvers
    await issueApiToken(dependencies, setup, { userId: anna.userId, name: 'laptop', expiresAt: null })
    await server.caughtUp()
    const of = { kind: 'user', id: anna.userId }
    const refused = await server.ask(submitter, history, of)
    expect(refused.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    expect(await restHistoryOf(server, submitter, of)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    const unknown = await server.ask(submitter, history, { kind: 'user', id: randomUUID() })
    expect(unknown.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    const paths = (entries: Entry[]) =>
      entries.flatMap(({ changes }) => changes.map(({ path }) => path.replace(/\[.*/, '')))
    const seen = {
      auditor: await historyOf(server, auditor, of),
      administrator: await historyOf(server, administrator, of),
      self: await historyOf(server, anna, of),
    }
    expect(paths(seen.auditor)).toContain('name')
    expect(paths(seen.auditor)).not.toContain('email')
    expect(paths(seen.auditor)).not.toContain('tokens')
    expect(JSON.stringify(seen.auditor)).not.toContain('@example.com')
    for (const who of ['administrator', 'self'] as const) {
      expect(paths(seen[who])).toEqual(expect.arrayContaining(['email', 'tokens']))
      expect(JSON.stringify(seen[who])).toContain('anna@example.com')
    }
    for (const entries of Object.values(seen)) {
      expect(JSON.stringify(entries)).toContain('"Anna"')
      expect(JSON.stringify(entries)).not.toMatch(/tokenHash|A256GCM|ciphertext/)
    }
    await eraseUser(dependencies, setup, { userId: bert.userId })
    await server.caughtUp()
    const erased = JSON.stringify(await historyOf(server, administrator, { kind: 'user', id: bert.userId }))
    expect(erased).toContain(`erased user ${bert.userId}`)
    expect(erased).not.toMatch(/Bert|bert@|A256GCM/)
  })
})
