import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import {
  existingSignatureTreatments,
  fold,
  type GroupId,
  globalRoles,
  groupDecider,
  type Sha256Digest,
  streams,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { aPlan } from '../support/submission.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

const planDigest = 'cd'.repeat(32) as Sha256Digest

async function group(test: TestApplication, ...members: readonly TestCaller[]): Promise<GroupId> {
  const input = { name: 'Group', description: null, members: members.map(({ userId }) => userId) }
  return (await test.application.createGroup(test.setup, input)).groupId
}

/** Has users join and leave a group. */
function change(test: TestApplication, groupId: GroupId, add: readonly TestCaller[], remove: readonly TestCaller[]) {
  const ids = (users: readonly TestCaller[]) => users.map(({ userId }) => userId)
  return test.application.changeGroupMembers(test.setup, { groupId, add: ids(add), remove: ids(remove) })
}

/** A request that waits for one of the members of a group, which submits through another group. */
async function waiting() {
  const test = await testApplication()
  const [submitter, anna, bert] = [await test.user('Submitter'), await test.user('Anna'), await test.user('Bert')]
  const submitters = await group(test, submitter)
  const approvers = await group(test, anna)
  await test.policy({
    submitters: [{ group: submitters }],
    approval: { approvers: [{ group: approvers }], requiredApprovals: 1 },
  })
  const signingRequestId = await test.submit(submitter)
  return { test, submitter, anna, bert, submitters, approvers, signingRequestId }
}

describe('a group', () => {
  it('is made and changed by administrators of users, of users that the organization has', async () => {
    const test = await testApplication()
    const anna = await test.user('Anna')
    const nobody = randomUUID() as UserId
    const { application, dependencies } = test
    const input = { name: 'Leads', description: null, members: [anna.userId] }
    const allowed: string[] = []
    for (const role of globalRoles) {
      const caller = await test.user(role, role)
      if ((await codeOf(application.createGroup(caller, input))) === 'done') allowed.push(role)
    }
    expect(allowed).toEqual(['globalAdministrator', 'userAdministrator'])
    const groupId = await group(test, anna)
    const changes = { groupId, add: [], remove: [anna.userId] }
    expect(await codeOf(application.changeGroupMembers(anna, changes))).toBe('FORBIDDEN')
    expect(await codeOf(application.describeGroup(anna, { groupId, ...input }))).toBe('FORBIDDEN')
    const unknown = { ...input, members: [nobody] }
    expect(await codeOf(application.createGroup(test.setup, unknown))).toBe('USER_NOT_FOUND')
    expect(await codeOf(application.changeGroupMembers(test.setup, { ...changes, add: [nobody] }))).toBe(
      'USER_NOT_FOUND',
    )
    await application.describeGroup(test.setup, { groupId, name: 'Others', description: 'renamed' })
    const { events } = await readWholeStream(dependencies.log, streams.group(groupId))
    expect(fold(groupDecider, events)).toMatchObject({ name: 'Others', members: [anna.userId] })
  })

  it('is not there for another organization', async () => {
    const [own, other] = [await testApplication(), await testApplication()]
    const groupId = await group(own, await own.user('Anna'))
    const change = { groupId, add: [], remove: [] }
    expect(await codeOf(own.application.changeGroupMembers(other.setup, change))).toBe('GROUP_NOT_FOUND')
  })

  it('can be named by a policy when the organization has it, and when enough of its members can approve', async () => {
    const test = await testApplication()
    const [anna, bert] = [await test.user('Anna'), await test.user('Bert')]
    const approvers = await group(test, anna, bert)
    const { projectId, certificateId } = await test.policy({ submitters: [anna] })
    const withApprovers = (groupId: GroupId, requiredApprovals: number) =>
      codeOf(
        test.application.createSigningPolicy(test.setup, {
          projectId,
          slug: randomUUID(),
          settings: {
            name: 'Release',
            certificateId,
            submitters: [{ user: anna.userId }],
            approval: {
              approvers: [{ group: groupId }],
              requiredApprovals,
              submitterMayApprove: true,
              deadlineSeconds: null,
            },
            timestamp: 'none',
            release: false,
            existingSignatures: existingSignatureTreatments,
          },
        }),
      )
    expect(await withApprovers(randomUUID() as GroupId, 1)).toBe('GROUP_NOT_FOUND')
    expect(await withApprovers(approvers, 3)).toBe('APPROVAL_QUORUM')
    expect(await withApprovers(approvers, 2)).toBe('done')
    const deactivate = { type: 'DeactivateUser', reason: null } as const
    await handleCommand(test.dependencies, test.setup, streams.user(bert.userId), userDecider, deactivate)
    expect(await withApprovers(approvers, 2)).toBe('APPROVAL_QUORUM')
    expect(await withApprovers(await group(test), 1)).toBe('APPROVAL_QUORUM')
  })
})

describe('members of a group that a policy names', () => {
  it('submit and read artifacts as long as they are members', async () => {
    const { test, submitter, anna, bert, submitters, approvers, signingRequestId } = await waiting()
    const read = (caller: TestCaller) =>
      codeOf(test.application.openArtifact(caller, { signingRequestId, which: 'unsigned' }))
    expect([await read(submitter), await read(anna), await read(bert)]).toEqual(['done', 'done', 'FORBIDDEN'])
    expect(await codeOf(test.submit(bert))).toBe('FORBIDDEN')
    await change(test, submitters, [bert], [submitter])
    await change(test, approvers, [], [anna])
    // Who submitted a request stays its submitter.
    expect([await read(submitter), await read(anna), await read(bert)]).toEqual(['done', 'FORBIDDEN', 'done'])
    expect(await codeOf(test.submit(bert))).toBe('done')
    expect(await codeOf(test.submit(submitter))).toBe('FORBIDDEN')
  })

  it('decide as members of the moment, and the event names the group', async () => {
    const { test, submitter, anna, bert, approvers, signingRequestId } = await waiting()
    const { log } = test.dependencies
    const stream = streams.signingRequest(signingRequestId)
    const artifact = await test.application.openArtifact(submitter, { signingRequestId, which: 'unsigned' })
    await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact })
    await test.tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: test.clock.now })
    const approve = (caller: TestCaller) =>
      codeOf(test.application.approveSigningRequest(caller, { signingRequestId, planDigest, comment: null }))
    expect(await approve(bert)).toBe('NOT_AN_APPROVER')
    await change(test, approvers, [bert], [anna])
    expect(await approve(anna)).toBe('NOT_AN_APPROVER')
    expect(await codeOf(test.application.denySigningRequest(anna, { signingRequestId, comment: null }))).toBe(
      'NOT_AN_APPROVER',
    )
    expect(await approve(bert)).toBe('done')
    const { events } = await readWholeStream(log, stream)
    expect(events.at(-1)).toMatchObject({
      type: 'ApprovalGranted',
      data: { approver: bert.userId, through: [{ group: approvers }] },
    })
  })
})
