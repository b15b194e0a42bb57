import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import { groupDecider, streams } from '../../domain/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { type RunOptions, runCommand } from '../support/run-command.ts'

/** Two Global Administrators at the command line of a service, and a group that a change of theirs is about. */
async function administrators() {
  const server = await startGraphQLServer()
  const { administrator, approvers, application, dependencies } = server
  const bea = await server.addUser('Bea', ['globalAdministrator'])
  const as =
    ({ token }: { readonly token: string }) =>
    (args: readonly string[], options: RunOptions = {}) =>
      runCommand(args, {
        ...options,
        environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token, NO_COLOR: '1' },
      })
  const author = await application.authenticate({ apiToken: administrator.token }, '192.0.2.1')
  const { groupId } = await application.createGroup(author, { name: 'Leads', description: null, members: [] })
  /** Has Ada want somebody in the group. */
  async function propose(): Promise<string> {
    const command = { type: 'ChangeGroupMembers', add: [approvers[0].userId], remove: [] } as const
    const handled = await handleCommand(dependencies, author, streams.group(groupId), groupDecider, command)
    await server.caughtUp()
    return handled.changeProposalId as string
  }
  return { server, ada: as(administrator), bea: as(bea), reader: as(server.auditor), groupId, propose }
}

describe('countersign change', () => {
  it('has a change of a rule wait, shows what it does, and approves what was shown', async () => {
    const { ada, bea, reader, propose, server, groupId } = await administrators()
    const begun = await ada(['organization', 'change-control', '--approvals', '1', '--days', '2'])
    expect(begun).toMatchObject({
      code: 0,
      stdout: 'Changes of rules need 1 approval besides that of their author, within 2 days.\n',
    })
    const id = await propose()
    const listed = await reader(['change', 'list'])
    expect(listed.stdout).toMatch(
      new RegExp(`${id} +proposed +group Leads +GroupMembersChanged +Ada Admin +\\S+ \\S+ +0 of 1`),
    )
    const shown = await reader(['change', 'show', id])
    expect(shown.stdout).toContain(`members\n  + user Anna (${server.approvers[0].userId})\n`)
    expect(shown.stdout).toContain('who has the permission administerUsers, except the author')
    expect(shown.stdout).toContain('Proposed by Ada Admin')

    const reason = 'The new certificate is from a CA that our customers know'
    await ada(['organization', 'change-control', '--approvals', '1', '--days', '3', '--reason', reason])
    await server.caughtUp()
    const [{ changeProposalId: reasoned }] = JSON.parse(
      (await reader(['change', 'list', '--json'])).stdout,
    ).changeProposals
    expect((await reader(['change', 'show', reasoned])).stdout).toMatch(new RegExp(`why +${reason}\\n`))

    const refused = await ada(['change', 'approve', id, '--yes'])
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_APPROVER_IS_AUTHOR') })
    const declined = await bea(['change', 'approve', id], { answers: ['n'], isTTY: true })
    expect(declined).toMatchObject({ code: 2, stderr: expect.stringContaining('NOT_APPROVED') })
    const approved = await bea(['change', 'approve', id, '--comment', 'fine'], { answers: ['y'], isTTY: true })
    expect(approved.stdout).toContain(`members\n  + user Anna (${server.approvers[0].userId})\n`)
    expect(approved.stdout).toContain(`Approved ${id}. It is applied now.\n`)
    const { data } = await server.ask(
      server.auditor,
      `query ($id: ID!) { group(id: $id) { members { nodes { name } } } }`,
      {
        id: groupId,
      },
    )
    expect(data.group.members.nodes).toEqual([{ name: 'Anna' }])
  })

  it('says in one JSON document each what scripts need', async () => {
    const { ada, bea, reader, propose } = await administrators()
    await ada(['organization', 'change-control', '--approvals', '1'])
    const [one, two] = [await propose(), await propose()]
    const document = async (ran: ReturnType<typeof ada>) => JSON.parse((await ran).stdout)
    expect(await document(reader(['organization', 'change-control', '--json']))).toMatchObject({
      changeControl: { requiredApprovals: 1, lifetimeSeconds: 604_800 },
    })
    expect(await document(bea(['change', 'reject', one, '--json']))).toMatchObject({
      changeProposalId: one,
      changeProposal: { status: 'rejected' },
    })
    expect(await document(bea(['change', 'approve', two, '--yes', '--json']))).toMatchObject({
      changeProposalId: two,
      changeProposal: { status: 'applied', missingApprovals: 0 },
    })
    expect(await document(reader(['change', 'list', '--status', 'applied', '--json']))).toMatchObject({
      changeProposals: [{ changeProposalId: two }],
    })
    const { changeProposal } = await document(ada(['organization', 'change-control', '--off', '--json']))
    expect(await document(reader(['change', 'show', changeProposal.changeProposalId, '--json']))).toMatchObject({
      difference: [{ path: 'changeControl', after: null }],
      events: [{ type: 'ChangeProposed' }],
    })
  })

  it('refuses what it does not understand before it asks the service', async () => {
    const { ada } = await administrators()
    const nothing = await ada(['change', 'show', '00000000-0000-4000-8000-000000000000'])
    expect(nothing).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_PROPOSAL_NOT_FOUND') })
    for (const args of [
      ['change', 'list', '--status', 'lost'],
      ['organization', 'change-control', '--days', '3'],
      ['organization', 'change-control', '--off', '--approvals', '1'],
      ['organization', 'change-control', '--approvals', 'all'],
    ])
      expect(await ada(args), args.join(' ')).toMatchObject({ code: 2 })
    const stale = await ada(['organization', 'change-control', '--approvals', '1', '--based-on', '7'])
    expect(stale).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_STALE') })
  })
})

describe('countersign policy simulate', () => {
  it('says whether something would be signed, and what every rule says', async () => {
    const { server, reader } = await administrators()
    const { submitter, approvers } = server
    const args = ['policy', 'simulate', '--project', 'demo', '--policy', 'release-signing', '--branch', 'main']
    const yes = await reader([...args, '--user', submitter.userId])
    expect(yes).toMatchObject({ code: 0, stdout: expect.stringMatching(/^It would be signed\.\n/) })
    expect(yes.stdout).toMatch(/approvals +met +2 of 3 +2 people must approve it\./)
    const no = await reader([...args, '--user', approvers[0].userId])
    expect(no.stdout).toMatch(/^It would not be signed\.\n/)
    expect(no.stdout).toMatch(/submitter +unmet +\S+ +FORBIDDEN: /)
    const document = JSON.parse((await reader([...args, '--user', submitter.userId, '--json'])).stdout)
    expect(document).toMatchObject({
      wouldBeSigned: true,
      rules: expect.arrayContaining([expect.objectContaining({ rule: 'keyUsable', outcome: 'met' })]),
    })
    expect(await reader([...args, '--at-version', 'latest'])).toMatchObject({ code: 2 })
    expect(await reader([...args, '--proposed', '/nowhere.json'])).toMatchObject({ code: 2 })
  })
})
