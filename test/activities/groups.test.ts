import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, test, vi } from 'vitest'
import { findInvalidApprovals } from '../../activities/find-invalid-approvals.ts'
import { signerActivities } from '../../activities/index.ts'
import { createUser } from '../../application/create-user.ts'
import { changeGroupMembers, createGroup } from '../../application/groups.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  countedApprovals,
  type DomainEvent,
  type GroupId,
  type OrganizationId,
  type SigningRequest,
  streams,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

type Organization = TestOrganization & { readonly groups: NonNullable<TestOrganization['groups']> }

/** An organization whose policy names groups only. */
async function organizationOfGroups(): Promise<Organization> {
  const organization = await testOrganization({ throughGroups: true, timestamp: 'none' })
  if (organization.groups === undefined) throw new Error('There are no groups')
  return { ...organization, groups: organization.groups }
}

/** Changes a group: adds and removes. */
function change({ signer, setup }: Organization, groupId: GroupId, add: readonly UserId[], remove: readonly UserId[]) {
  return changeGroupMembers(signer, setup, { groupId, add, remove })
}

/** Adds a CI user. */
function addTool({ signer, persons, setup }: Organization) {
  const tool = { kind: 'ci', name: 'Release tool', email: null, roles: [] } as const
  return createUser({ ...signer, persons }, setup, tool)
}

function deactivate({ signer, setup }: Organization, user: UserId) {
  return handleCommand(signer, setup, streams.user(user), userDecider, { type: 'DeactivateUser', reason: null })
}

/** Approves as whoever says to be a member of groups, whether they are or not. */
function approve(
  organization: Organization,
  { signingRequestId, plan }: SigningRequest,
  approver: UserId,
  ...groups: readonly GroupId[]
) {
  const planDigest = plan?.digest ?? otherDigest
  const command = { type: 'Approve', approver, groups, planDigest, comment: null } as const
  return organization.tell(signingRequestId, command, approver)
}

/** Has the signer sign: the code that it refuses with, or `signed`; a refusal never touches the key. */
async function sign(organization: Organization, { signingRequestId }: SigningRequest): Promise<string> {
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

test('members of the groups that a policy names reach the quorum, and the log says through which', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers } = organization
  const [anna, bert] = approvers
  const request = await organization.planned()
  await approve(organization, request, anna, groups.approvers, groups.leads)
  expect(await sign(organization, request)).toBe('QUORUM_NOT_REACHED')
  await approve(organization, request, bert, groups.approvers)
  const { approvals } = await organization.request(request.signingRequestId)
  expect(approvals).toMatchObject([
    { approver: anna, through: [{ group: groups.approvers }, { group: groups.leads }] },
    { approver: bert, through: [{ group: groups.approvers }] },
  ])
  expect(await sign(organization, request)).toBe('signed')
})

test('an approver who left the group before the quorum does not count, one who left after it does', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers } = organization
  const [, bert, cora] = approvers
  const [late, early] = [await organization.planned(), await organization.planned()]
  for (const approver of [bert, cora]) await approve(organization, late, approver, groups.approvers)
  await approve(organization, early, bert, groups.approvers)
  await change(organization, groups.approvers, [], [bert])
  await approve(organization, early, cora, groups.approvers)
  expect(await sign(organization, early)).toBe('APPROVER_NOT_IN_GROUP')
  expect(await sign(organization, late)).toBe('signed')
})

test('an approval counts as long as one of the groups that it was given through has its giver', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers } = organization
  const [anna, bert] = approvers
  const request = await organization.planned()
  await approve(organization, request, anna, groups.approvers, groups.leads)
  await change(organization, groups.approvers, [], [anna])
  await approve(organization, request, bert, groups.approvers)
  expect(await sign(organization, request)).toBe('signed')
})

test('a group that was emptied agrees to nothing, and takes with it what its members approved before', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers } = organization
  const [anna, bert, cora] = approvers
  const request = await organization.planned()
  await approve(organization, request, bert, groups.approvers)
  await change(organization, groups.approvers, [], approvers)
  await change(organization, groups.leads, [], [anna])
  expect(await sign(organization, request)).toBe('QUORUM_NOT_REACHED')
  // Whoever asks for a decision may lie to it; the log does not.
  await approve(organization, request, cora, groups.approvers)
  expect(await sign(organization, request)).toBe('APPROVER_NOT_IN_GROUP')
})

test('who says to be in a group, or joins it after the approval, does not count', async () => {
  const organization = await organizationOfGroups()
  const { groups, submitter, approvers, signer, setup } = organization
  const { userId: stranger } = await addTool(organization)
  const [, bert, cora] = approvers
  const [never, later, other] = [
    await organization.planned(),
    await organization.planned(),
    await organization.planned(),
  ]
  const asStranger = (request: SigningRequest, reference: object) => {
    const planDigest = request.plan?.digest ?? otherDigest
    const data = { schemaVersion: 1, approver: stranger, through: [reference], planDigest, comment: null }
    return appendTo(organization, request, { type: 'ApprovalGranted', data } as DomainEvent, stranger)
  }
  for (const request of [never, later]) {
    await asStranger(request, { group: groups.approvers })
    await approve(organization, request, bert, groups.approvers)
  }
  expect(await sign(organization, never)).toBe('APPROVER_NOT_IN_GROUP')
  await change(organization, groups.approvers, [stranger], [])
  expect(await sign(organization, later)).toBe('APPROVER_NOT_IN_GROUP')
  // A group that the policy does not name makes nobody an approver, nor does the user's own name.
  const { groupId } = await createGroup(signer, setup, { name: 'Own', description: null, members: [stranger] })
  await asStranger(other, { group: groupId })
  await asStranger(other, { user: stranger })
  await approve(organization, other, cora, groups.approvers)
  expect(countedApprovals(await organization.request(other.signingRequestId))).toHaveLength(1)
  expect(await sign(organization, other)).toBe('QUORUM_NOT_REACHED')
  expect(submitter).not.toBe(stranger)
})

test('a CI user approves as a member as people do, and once deactivated never', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers } = organization
  const { userId: tool } = await addTool(organization)
  await change(organization, groups.approvers, [tool], [])
  const [, bert, cora] = approvers
  const [before, after] = [await organization.planned(), await organization.planned()]
  for (const approver of [tool, bert]) await approve(organization, before, approver, groups.approvers)
  expect(await sign(organization, before)).toBe('signed')
  await approve(organization, after, tool, groups.approvers)
  await deactivate(organization, tool)
  await approve(organization, after, cora, groups.approvers)
  // The group still has it: membership makes nobody active.
  expect(await sign(organization, after)).toBe('APPROVER_DEACTIVATED')
})

test('nothing is signed for a submitter who was in no group that may submit', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers, submitter } = organization
  const [, bert, cora] = approvers
  const submitted = await organization.planned()
  await change(organization, groups.submitters, [], [submitter])
  const refused = await organization.planned()
  for (const request of [submitted, refused])
    for (const approver of [bert, cora]) await approve(organization, request, approver, groups.approvers)
  expect(await sign(organization, refused)).toBe('POLICY_MISMATCH')
  // Who might submit then did: as with a later version of the policy, the request goes on.
  expect(await sign(organization, submitted)).toBe('signed')
})

test('a group of another organization has no members here', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers, log } = organization
  const [anna, bert] = approvers
  const request = await organization.planned()
  const stream = streams.group(groups.approvers)
  const { events } = await readWholeStream(log, stream)
  const foreign = {
    ...organization,
    signer: {
      ...organization.signer,
      log: {
        ...log,
        async *readStream(...[streamId, options]: Parameters<typeof log.readStream>) {
          if (streamId !== stream) return yield* log.readStream(streamId, options)
          yield events.map((event) => ({ ...event, data: { ...event.data, organizationId: randomUUID() } }))
        },
      },
    },
  }
  for (const approver of [anna, bert]) await approve(organization, request, approver, groups.approvers)
  expect(await sign(foreign, request)).toBe('APPROVER_NOT_IN_GROUP')
  expect(await sign(organization, request)).toBe('signed')
})

test('approvals are found to be taken back whose givers left all groups or were deactivated', async () => {
  const organization = await organizationOfGroups()
  const { groups, approvers, log } = organization
  const [anna, bert, cora] = approvers
  const find = findInvalidApprovals(log)
  const both = [{ group: groups.approvers }, { group: groups.leads }]
  const approvals = [
    { approver: anna, through: both },
    { approver: bert, through: [{ group: groups.approvers }] },
    { approver: cora, through: [{ user: cora }, { group: groups.approvers }] },
  ]
  expect(await find({ approvals })).toEqual([])
  await change(organization, groups.approvers, [], [anna, bert, cora])
  expect(await find({ approvals })).toEqual([{ approver: bert, reason: 'removedFromGroup' }])
  await deactivate(organization, cora)
  await change(organization, groups.leads, [], [anna])
  expect(await find({ approvals })).toEqual([
    { approver: anna, reason: 'removedFromGroup' },
    { approver: bert, reason: 'removedFromGroup' },
    { approver: cora, reason: 'userDeactivated' },
  ])
})

async function appendTo(
  { log, setup }: Organization,
  { signingRequestId }: SigningRequest,
  event: DomainEvent,
  by: UserId,
): Promise<void> {
  const stream = streams.signingRequest(signingRequestId)
  const { revision } = await readWholeStream(log, stream)
  await appendRaw(log, stream, [event], revision, setup.organizationId as OrganizationId, by)
}
