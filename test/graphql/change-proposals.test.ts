import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import { fold, signingPolicyDecider, streams, unrestricted, userDecider } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { type GraphQLServerOptions, startGraphQLServer } from '../support/graphql-server.ts'

const control = `mutation ($input: ChangeChangeControlInput!) { changeChangeControl(input: $input) {
  position changeProposal { changeProposalId status } organization { changeControl { requiredApprovals lifetimeSeconds } } } }`
const approve = `mutation ($input: ApproveChangeInput!) { approveChange(input: $input) {
  position changeProposalId changeProposal { status missingApprovals approvals { approver { name } comment } } } }`
const reject = `mutation ($input: RejectChangeInput!) { rejectChange(input: $input) {
  changeProposal { status rejection { rejectedBy { name } comment } } } }`
const show = `query ($id: ID!) { changeProposal(id: $id) {
  id status author { name } permission requiredApprovals missingApprovals targetStreamId baseRevision expiresAt lapsed
  target { __typename ... on SigningPolicy { slug current { version } } ... on User { userId } }
  difference { path before after } proposedEvents { type data } events { nodes { type data } } } }`
const list = `query ($status: ChangeProposalStatus, $after: String) {
  changeProposals(status: $status, first: 1, after: $after) { nodes { changeProposalId status } pageInfo { hasNextPage endCursor } } }`

/** An organization of two Global Administrators in which a change needs the approval of the other. */
async function controlled(options: GraphQLServerOptions = {}) {
  const server = await startGraphQLServer(options)
  const { administrator: ada, application } = server
  const bea = await server.addUser('Bea', ['globalAdministrator'])
  const begun = await server.ask(ada, control, {
    input: { changeControl: { requiredApprovals: 1, lifetimeSeconds: 3600 } },
  })
  expect(begun.errors).toBeUndefined()
  expect(begun.data.changeChangeControl).toMatchObject({
    changeProposal: null,
    organization: { changeControl: { requiredApprovals: 1, lifetimeSeconds: 3600 } },
  })
  const author = await application.authenticate({ apiToken: ada.token }, '192.0.2.1')
  /** Has an administrator want another quorum for the release policy. */
  async function proposeQuorum(requiredApprovals: number): Promise<string> {
    const stream = streams.signingPolicy(server.releasePolicyId)
    const policy = fold(signingPolicyDecider, (await readWholeStream(server.log, stream)).events)
    if (policy.status === 'none') throw new Error('There is no policy.')
    const settings = policy.versions[0]
    const approval = settings.approval && { ...settings.approval, requiredApprovals }
    const { changeProposalId } = await handleCommand(server.dependencies, author, stream, signingPolicyDecider, {
      type: 'ChangeSigningPolicy',
      settings: { ...settings, approval },
      certificate: {
        certificateId: server.certificateId,
        kind: 'selfSigned',
        keyAlgorithm: 'ec-p256',
        name: 'test',
        restrictions: unrestricted,
        issued: null,
      },
      replaced: null,
      people: { submitters: [server.submitter.userId], approvers: server.approvers.map(({ userId }) => userId) },
    })
    await server.caughtUp()
    return changeProposalId as string
  }
  return { server, ada, bea, author, proposeQuorum }
}

describe('a proposed change', () => {
  it('is shown with what it changes field by field, and holds when another administrator has approved it', async () => {
    const { server, ada, bea, proposeQuorum } = await controlled()
    const id = await proposeQuorum(1)
    const { data, errors } = await server.ask(server.auditor, show, { id })
    expect(errors).toBeUndefined()
    expect(data.changeProposal).toMatchObject({
      status: 'proposed',
      author: { name: 'Ada Admin' },
      permission: 'administerProjects',
      requiredApprovals: 1,
      missingApprovals: 1,
      targetStreamId: streams.signingPolicy(server.releasePolicyId),
      baseRevision: 0,
      target: { __typename: 'SigningPolicy', slug: 'release-signing', current: { version: 1 } },
      difference: [
        { path: 'version', before: 1, after: 2 },
        { path: 'settings.approval.requiredApprovals', before: 2, after: 1 },
      ],
      proposedEvents: [{ type: 'SigningPolicyChanged' }],
    })

    const own = await server.ask(ada, approve, { input: { changeProposalId: id } })
    expect(own.errors?.[0]?.extensions.code).toBe('CHANGE_APPROVER_IS_AUTHOR')
    const approved = await server.ask(bea, approve, {
      input: { changeProposalId: data.changeProposal.id, comment: 'right' },
    })
    expect(approved.data.approveChange).toMatchObject({
      changeProposalId: id,
      changeProposal: {
        status: 'applied',
        missingApprovals: 0,
        approvals: [{ approver: { name: 'Bea' }, comment: 'right' }],
      },
    })
    const after = await server.ask(ada, show, { id })
    // The difference is still that of the state that it was made from.
    expect(after.data.changeProposal).toMatchObject({
      target: { current: { version: 2 } },
      difference: data.changeProposal.difference,
    })
  })

  it('is rejected by another one, and taken back by its author', async () => {
    const { server, ada, bea, proposeQuorum } = await controlled()
    const [one, two] = [await proposeQuorum(1), await proposeQuorum(3)]
    const rejected = await server.ask(bea, reject, { input: { changeProposalId: one, comment: 'no' } })
    expect(rejected.data.rejectChange.changeProposal).toEqual({
      status: 'rejected',
      rejection: { rejectedBy: { name: 'Bea' }, comment: 'no' },
    })
    const taken = await server.ask(ada, reject, { input: { changeProposalId: two } })
    expect(taken.data.rejectChange.changeProposal.status).toBe('rejected')
    const outsider = await server.ask(server.approvers[0], reject, { input: { changeProposalId: one } })
    expect(outsider.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })

  it('never shows the hash of a token that it makes, and tokens only to those who may see them', async () => {
    const { server, bea, author } = await controlled()
    const stream = streams.user(bea.userId)
    const tokenId = randomUUID() as typeof bea.tokenId
    const hash = 'ab'.repeat(32)
    const { changeProposalId: id } = await handleCommand(server.dependencies, author, stream, userDecider, {
      type: 'IssueApiToken',
      tokenId,
      name: 'for the build',
      tokenHash: hash,
      prefix: 'cst_abcdefgh',
      expiresAt: null,
      at: new Date().toISOString(),
    })
    await server.caughtUp()
    const seen = await server.ask(bea, show, { id })
    expect(seen.errors).toBeUndefined()
    expect(seen.data.changeProposal.difference).toMatchObject([{ path: `tokens[${tokenId}]` }])
    expect(seen.text).toContain('for the build')
    expect(seen.text).not.toContain(hash)
    const other = await server.ask(server.auditor, show, { id })
    expect(other.data.changeProposal.difference).toEqual([])
    expect(other.text).not.toContain(hash)
  })

  it('lapses when its time is over, also in the list of those that have lapsed', async () => {
    const { server, bea, proposeQuorum } = await controlled()
    const open = await proposeQuorum(1)
    const facts = await server.readModel.changeProposalsByIds(server.organizationId, [open as never])
    const stream = `changeProposal-${randomUUID()}`
    const { events } = await readWholeStream(server.log, streams.changeProposal(open as never))
    const [first] = events
    if (first === undefined) throw new Error('Nothing was proposed.')
    const changeProposalId = stream.slice('changeProposal-'.length)
    const over = { ...first.data, changeProposalId, expiresAt: '2020-01-01T00:00:00.000Z' }
    const event = { id: randomUUID(), type: first.type, data: over, metadata: first.metadata }
    await server.log.append(stream, [event] as never, 'noStream')
    await server.caughtUp()
    expect(facts[0]?.status).toBe('proposed')
    const lapsed = await server.ask(bea, list, { status: 'lapsed' })
    expect(lapsed.data.changeProposals.nodes).toEqual([{ changeProposalId, status: 'lapsed' }])
    const proposed = await server.ask(bea, list, { status: 'proposed' })
    expect(proposed.data.changeProposals.nodes).toEqual([{ changeProposalId: open, status: 'proposed' }])
    const all = await server.ask(bea, list)
    expect(all.data.changeProposals.pageInfo.hasNextPage).toBe(true)
    const next = await server.ask(bea, list, { after: all.data.changeProposals.pageInfo.endCursor })
    expect(next.data.changeProposals.nodes).toHaveLength(1)
  })

  it('ends change control only when somebody else agrees, and only when that is said', async () => {
    const { server, ada, bea } = await controlled()
    const unsaid = await server.ask(ada, control, { input: {} })
    expect(unsaid.errors?.[0]?.extensions.code).toBe('ARGUMENTS_AMBIGUOUS')
    const ended = await server.ask(ada, control, { input: { changeControl: null } })
    const { changeProposal, organization } = ended.data.changeChangeControl
    expect(changeProposal.status).toBe('proposed')
    expect(organization.changeControl).not.toBeNull()
    const seen = await server.ask(bea, show, { id: changeProposal.changeProposalId })
    expect(seen.data.changeProposal.difference).toEqual([
      { path: 'changeControl', before: { requiredApprovals: 1, lifetimeSeconds: 3600 }, after: null },
    ])
    await server.ask(bea, approve, { input: { changeProposalId: changeProposal.changeProposalId } })
    const { data } = await server.ask(ada, '{ organization { changeControl { requiredApprovals } } }')
    expect(data.organization.changeControl).toBeNull()

    // Nothing is proposed any more, and a reason that is none is refused all the same.
    const reasoned = control.replace('!)', '!, $reason: String)').replace('$input)', '$input, changeReason: $reason)')
    const input = { changeControl: { requiredApprovals: 1, lifetimeSeconds: 3600 } }
    const refused = await server.ask(ada, reasoned, { input, reason: 'x'.repeat(4_001) })
    expect(refused.errors?.[0]?.extensions.code).toBe('TEXT_TOO_LONG')
    const done = await server.ask(ada, reasoned, { input, reason: 'x'.repeat(4_000) })
    expect(done.data.changeChangeControl.changeProposal).toBeNull()
  })

  it('shows the organization with each change of one operation', async () => {
    const server = await startGraphQLServer()
    await server.addUser('Bea', ['globalAdministrator'])
    const document = `mutation ($key: ID!, $control: ChangeControlInput!) {
      changeStatementKey(input: { keyId: $key }) { organization { statementKey { keyId } changeControl { requiredApprovals } } }
      changeChangeControl(input: { changeControl: $control }) { organization { statementKey { keyId } changeControl { requiredApprovals } } } }`
    const keys = await server.ask(server.administrator, '{ keys(first: 1) { nodes { keyId } } }')
    const [{ keyId }] = keys.data.keys.nodes
    const variables = { key: keyId, control: { requiredApprovals: 1, lifetimeSeconds: 3600 } }
    const { data, errors } = await server.ask(server.administrator, document, variables)
    expect(errors).toBeUndefined()
    const statementKey = { keyId }
    expect(data).toMatchObject({
      changeStatementKey: { organization: { statementKey, changeControl: null } },
      changeChangeControl: { organization: { statementKey, changeControl: { requiredApprovals: 1 } } },
    })
  })

  it('of another organization, or none at all, is not there', async () => {
    const { server, ada } = await controlled()
    const { data, errors } = await server.ask(ada, show, { id: randomUUID() })
    expect(errors).toBeUndefined()
    expect(data.changeProposal).toBeNull()
  })
})
