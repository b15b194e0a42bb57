import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test, vi } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createUser } from '../../application/create-user.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type Actor,
  type ApiTokenId,
  type ChangeProposalFacts,
  type ChangeProposalId,
  type DomainEvent,
  eventMetadata,
  fold,
  type GlobalRole,
  type GroupId,
  organizationDecider,
  type ProposedEvent,
  type SigningPolicySettings,
  type SigningRequestId,
  signingPolicyDecider,
  streams,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
  type UserId,
  type Voucher,
} from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

type Person = {
  readonly userId: UserId
  readonly tokenId: ApiTokenId
  /** Who says that the call comes from a build. */
  readonly vouchedBy?: Voucher
}

/** An organization whose policy names a group of approvers, with three administrators, which controls changes of its rules. */
async function controlled(requiredApprovals = 1) {
  const organization = await testOrganization({ throughGroups: true, timestamp: 'none' })
  const { signer, persons, setup, groups } = organization
  if (groups === undefined) throw new Error('There are no groups')
  const person = async (name: string, kind: 'interactive' | 'ci', ...roles: GlobalRole[]): Promise<Person> => {
    const { userId } = await createUser({ ...signer, persons }, setup, { kind, name, email: null, roles })
    const { tokenId } = await issueApiToken(signer, setup, { userId, name: 'test', expiresAt: null })
    return { userId, tokenId }
  }
  const administrators = [
    await person('Ada', 'interactive', 'globalAdministrator'),
    await person('Bob', 'interactive', 'globalAdministrator'),
    await person('Cleo', 'interactive', 'globalAdministrator'),
  ] as const
  const newcomer = await person('Newcomer', 'interactive')
  const tool = await person('Tool', 'ci', 'userAdministrator')
  const control = { requiredApprovals, lifetimeSeconds: 86_400 }
  await handleCommand(signer, setup, streams.organization(setup.organizationId), organizationDecider, {
    type: 'ChangeChangeControl',
    changeControl: control,
    administrators: 3,
  })
  return { ...organization, groups, administrators, newcomer, tool }
}

type Controlled = Awaited<ReturnType<typeof controlled>>

/** Appends events to the end of a stream as somebody, whatever the rules say: as whoever can write to the log may. */
async function append(
  { log, setup: { organizationId }, signer }: Controlled,
  streamId: string,
  events: readonly DomainEvent[],
  by: Person | undefined,
  changeProposalId?: ChangeProposalId,
): Promise<void> {
  const { revision } = await readWholeStream(log, streamId)
  const actor: Actor =
    by === undefined
      ? { kind: 'system', component: 'setup' }
      : {
          ...{ kind: 'user', userId: by.userId, authentication: { method: 'apiToken', tokenId: by.tokenId } },
          ...(by.vouchedBy && { vouchedBy: by.vouchedBy }),
        }
  const about = { organizationId, occurredAt: signer.now(), ...(changeProposalId && { changeProposalId }) }
  const metadata = eventMetadata({ actor, callId: randomUUID() }, about)
  await log.append(streamId, prepareEvents(streamId, revision, events, metadata), revision)
}

const version1 = <Data extends object>(type: string, data: Data) => ({ type, data: { schemaVersion: 1, ...data } })

type Proposal = {
  readonly target: string
  readonly events: readonly ProposedEvent[]
  readonly author: Person | undefined
  /** Who approves, and by whose hand where that is another's. */
  readonly approvals: readonly (Person | { readonly inTheNameOf: Person; readonly by: Person })[]
  readonly facts?: Partial<ChangeProposalFacts>
}

/** Records a change with its approvals in the log, whatever the rules say. @returns its id */
async function propose(organization: Controlled, proposal: Proposal): Promise<ChangeProposalId> {
  const { target, events, author, approvals, facts = {} } = proposal
  const changeProposalId = randomUUID() as ChangeProposalId
  const stream = streams.changeProposal(changeProposalId)
  const { revision } = await readWholeStream(organization.log, target)
  const proposed = version1('ChangeProposed', {
    changeProposalId,
    organizationId: organization.setup.organizationId,
    target,
    baseRevision: revision === 'noStream' ? null : revision,
    events,
    author: author?.userId ?? null,
    permission: 'administerUsers',
    requiredApprovals: 1,
    expiresAt: '2099-01-01T00:00:00.000Z',
    ...facts,
  })
  await append(organization, stream, [proposed], author)
  for (const each of approvals) {
    const { inTheNameOf, by } = 'by' in each ? each : { inTheNameOf: each, by: each }
    const approved = version1('ChangeApproved', { approver: inTheNameOf.userId, comment: null })
    await append(organization, stream, [approved], by)
  }
  return changeProposalId
}

/** Of a build system that says a call comes from it. */
const voucher: Voucher = {
  trustedBuildSystemId: randomUUID() as TrustedBuildSystemId,
  proof: { method: 'token', tokenId: randomUUID() as TrustedBuildSystemTokenId },
  node: null,
}

const joins = ({ newcomer }: Controlled) => version1('GroupMembersChanged', { added: [newcomer.userId], removed: [] })

/** Has the newcomer and another approver approve a request, and the signer sign it: `signed`, or the code of the refusal. */
async function signApprovedBy(
  organization: Controlled,
  approver: Person,
  behind: readonly UserId[] = [],
): Promise<string> {
  const { groups, approvers, tokenIds } = organization
  const { signingRequestId, plan } = await organization.planned()
  const approve = (userId: UserId, through: GroupId) => ({
    type: 'Approve' as const,
    approver: userId,
    groups: [through],
    planDigest: plan?.digest ?? otherDigest,
    comment: null,
  })
  const ids = tokenIds as Map<UserId, ApiTokenId>
  ids.set(approver.userId, approver.tokenId)
  const approval = { ...approve(approver.userId, groups.approvers), peopleBehind: behind }
  await organization.tell(signingRequestId, approval, approver.userId)
  await organization.tell(signingRequestId, approve(approvers[1], groups.approvers), approvers[1])
  return sign(organization, signingRequestId)
}

async function sign(organization: TestOrganization, signingRequestId: SigningRequestId): Promise<string> {
  const find = vi.spyOn(organization.token, 'findKey')
  const { sign } = signerActivities({ ...organization.signer, recordRefusal: async () => undefined })
  const code = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => 'signed',
    (error: { type?: string }) => String(error.type),
  )
  expect(find.mock.calls.length > 0).toBe(code === 'signed')
  find.mockRestore()
  return code
}

/** Makes the newcomer a member of the approvers by a change, and says what the signer makes of their approval. */
async function joinedBy(
  organization: Controlled,
  change: Omit<Proposal, 'target' | 'events'> & { readonly events?: readonly ProposedEvent[] },
  appliedBy: Person | undefined = organization.administrators[0],
): Promise<string> {
  const target = streams.group(organization.groups.approvers)
  const id = await propose(organization, { target, events: [joins(organization)], ...change })
  await append(organization, target, [joins(organization)], appliedBy, id)
  return signApprovedBy(organization, organization.newcomer)
}

describe('who became an approver under change control', () => {
  test('counts when others than its author approved the change', async () => {
    const organization = await controlled()
    const [ada, bob] = organization.administrators
    expect(await joinedBy(organization, { author: ada, approvals: [bob] })).toBe('signed')
  })

  test.each([
    ['an administrator', 0],
    ["the service's own set-up", undefined],
  ] as const)('does not count when nobody was asked and %s wrote it', async (_, by) => {
    const organization = await controlled()
    const writer = by === undefined ? undefined : organization.administrators[by]
    await append(organization, streams.group(organization.groups.approvers), [joins(organization)], writer)
    expect(await signApprovedBy(organization, organization.newcomer)).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  test.each<[string, (organization: Controlled) => Omit<Proposal, 'target' | 'events'>]>([
    ['its author', ({ administrators: [ada] }) => ({ author: ada, approvals: [ada] })],
    [
      'somebody else in the name of another',
      ({ administrators: [ada, bob] }) => ({ author: ada, approvals: [{ inTheNameOf: bob, by: ada }] }),
    ],
    [
      'an author who lets another name stand there',
      ({ administrators: [ada, bob, cleo] }) => ({
        author: ada,
        approvals: [ada],
        facts: { author: cleo.userId, changeProposalId: bob.userId as never },
      }),
    ],
    [
      'somebody without the permission',
      ({ administrators: [ada], newcomer }) => ({ author: ada, approvals: [newcomer] }),
    ],
    [
      'an administrator whose call a trusted build system vouched for',
      ({ administrators: [ada, bob] }) => ({ author: ada, approvals: [{ ...bob, vouchedBy: voucher }] }),
    ],
    ['a CI user', ({ administrators: [ada], tool }) => ({ author: ada, approvals: [tool] })],
    ['nobody', ({ administrators: [ada] }) => ({ author: ada, approvals: [], facts: { requiredApprovals: 0 } })],
  ])('does not count when the change was approved by %s', async (_, change) => {
    const organization = await controlled()
    expect(await joinedBy(organization, change(organization))).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  test('does not count when the same person is behind two of the accounts, until the address of one was proved', async () => {
    const organization = await controlled()
    const [ada, bob] = organization.administrators
    const stream = streams.user(bob.userId)
    const invitationId = randomUUID()
    const invitation = {
      invitationId,
      tokenHash: otherDigest,
      expiresAt: '2099-01-01T00:00:00.000Z',
      delivery: 'shown',
    }
    await append(organization, stream, [version1('InvitationIssued', invitation)], ada)
    await append(organization, stream, [version1('InvitationAccepted', { invitationId })], undefined)
    expect(await joinedBy(organization, { author: ada, approvals: [bob] })).toBe('RULE_CHANGE_NOT_APPROVED')
    await append(organization, stream, [version1('EmailAddressProved', { method: 'operator' })], undefined)
    expect(await signApprovedBy(organization, organization.newcomer)).toBe('signed')
  })

  test('does not count when fewer approved than the organization demanded, whatever the change says of it', async () => {
    const organization = await controlled(2)
    const [author, bob] = organization.administrators
    expect(await joinedBy(organization, { author, approvals: [bob] })).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  test('counts when as many approved as the organization demanded', async () => {
    const organization = await controlled(2)
    const [author, ...others] = organization.administrators
    const facts = { requiredApprovals: 2 }
    expect(await joinedBy(organization, { author, approvals: others, facts })).toBe('signed')
  })

  test.each<[string, (organization: Controlled) => Partial<ChangeProposalFacts>]>([
    [
      'something else was approved',
      ({ approvers }) => ({ events: [version1('GroupMembersChanged', { added: [approvers[0]], removed: [] })] }),
    ],
    ['it was approved for another entity', ({ groups }) => ({ target: streams.group(groups.leads) })],
    ['it was approved for another place', () => ({ baseRevision: 7 })],
    [
      'it was approved for another organization',
      () => ({ organizationId: randomUUID() as ChangeProposalFacts['organizationId'] }),
    ],
  ])('does not count when %s', async (_, facts) => {
    const organization = await controlled()
    const [author, bob] = organization.administrators
    const change = { author, approvals: [bob], facts: facts(organization) }
    expect(await joinedBy(organization, change)).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  test('does not count when who approved the change had the role by a change that nobody approved', async () => {
    const organization = await controlled()
    const [ada] = organization.administrators
    const puppet = organization.newcomer
    const role = version1('GlobalRoleGranted', { role: 'userAdministrator' })
    await append(organization, streams.user(puppet.userId), [role], ada)
    const change = { author: ada, approvals: [puppet] }
    expect(await joinedBy(organization, change)).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  test('does not count when who approved the change was deactivated then', async () => {
    const organization = await controlled()
    const [ada, bob] = organization.administrators
    await append(organization, streams.user(bob.userId), [version1('UserDeactivated', { reason: null })], ada)
    expect(await joinedBy(organization, { author: ada, approvals: [bob] })).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  test('counts for what was so before changes were controlled', async () => {
    const organization = await controlled()
    const [first] = organization.approvers
    const tokenId = organization.tokenIds.get(first)
    if (tokenId === undefined) throw new Error('There is no token')
    expect(await signApprovedBy(organization, { userId: first, tokenId })).toBe('signed')
  })
})

describe('an account under change control', () => {
  test('that somebody made active again alone decides nothing', async () => {
    const organization = await controlled()
    const [ada] = organization.administrators
    const [userId] = organization.approvers
    const tokenId = organization.tokenIds.get(userId)
    if (tokenId === undefined) throw new Error('There is no token')
    const stream = streams.user(userId)
    await append(
      organization,
      stream,
      [version1('UserDeactivated', { reason: null }), version1('UserReactivated', {})],
      ada,
    )
    expect(await signApprovedBy(organization, { userId, tokenId })).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  test('for which somebody else made a token alone decides nothing by it', async () => {
    const organization = await controlled()
    const [ada] = organization.administrators
    const [userId] = organization.approvers
    const before = { userId, tokenId: organization.tokenIds.get(userId) as ApiTokenId }
    const tokenId = randomUUID() as ApiTokenId
    const issued = version1('ApiTokenIssued', {
      tokenId,
      name: 'stolen',
      tokenHash: '12'.repeat(32),
      prefix: 'abcdef',
      expiresAt: null,
    })
    await append(organization, streams.user(userId), [issued], ada)
    // Who made it stands behind the account, and the approval says so.
    const code = await signApprovedBy(organization, { userId, tokenId }, [ada.userId])
    expect(code).toBe('RULE_CHANGE_NOT_APPROVED')
    const another = () => ({ ...issued, data: { ...issued.data, tokenId: randomUUID() as ApiTokenId } })
    const [byStolen, own] = [another(), another()]
    // One that is made with it is no better.
    await append(organization, streams.user(userId), [byStolen], { userId, tokenId })
    const account = { userId, tokenId: byStolen.data.tokenId }
    expect(await signApprovedBy(organization, account, [ada.userId])).toBe('RULE_CHANGE_NOT_APPROVED')
    // One's own is one's own.
    await append(organization, streams.user(userId), [own], before)
    expect(await signApprovedBy(organization, { userId, tokenId: own.data.tokenId })).toBe('signed')
  })
})

describe('a version of a policy under change control', () => {
  /** Makes a second version, by which one approval is enough, and has a request of it approved and signed. */
  async function signedBySecondVersion(proposed: boolean): Promise<string> {
    const organization = await controlled()
    const { log, signingPolicyId, groups, approvers, administrators } = organization
    const stream = streams.signingPolicy(signingPolicyId)
    const policy = fold(signingPolicyDecider, (await readWholeStream(log, stream)).events)
    if (policy.status === 'none' || policy.versions[0].approval === null) throw new Error('There is no policy')
    const approval = { ...policy.versions[0].approval, requiredApprovals: 1 }
    const settings: SigningPolicySettings = { ...policy.versions[0], approval }
    const changed = version1('SigningPolicyChanged', { version: 2, settings })
    const [author, bob] = administrators
    const facts = { permission: 'administerProjects' } as const
    const id = proposed
      ? await propose(organization, { target: stream, events: [changed], author, approvals: [bob], facts })
      : undefined
    await append(organization, stream, [changed], author, id)
    const { signingRequestId, plan, signingPolicyVersion } = await organization.planned()
    expect(signingPolicyVersion).toBe(2)
    const approve = { approver: approvers[1], groups: [groups.approvers], planDigest: plan?.digest ?? otherDigest }
    await organization.tell(signingRequestId, { type: 'Approve', ...approve, comment: null }, approvers[1])
    return sign(organization, signingRequestId)
  }

  test('signs when it was approved', async () => {
    expect(await signedBySecondVersion(true)).toBe('signed')
  })

  test('signs nothing when it was not', async () => {
    expect(await signedBySecondVersion(false)).toBe('RULE_CHANGE_NOT_APPROVED')
  })
})
