import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import type { Handled } from '../../application/index.ts'
import {
  type ChangeProposalId,
  changeProposalDecider,
  fold,
  groupDecider,
  streams,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

const control = (requiredApprovals: number) => ({ changeControl: { requiredApprovals, lifetimeSeconds: 86_400 } })

/** An organization of three Global Administrators in which changes need one approval besides their author's. */
async function controlled(requiredApprovals = 1) {
  const test = await testApplication()
  const [ada, bob, cleo] = [
    await test.user('Ada', 'globalAdministrator'),
    await test.user('Bob', 'globalAdministrator'),
    await test.user('Cleo', 'globalAdministrator'),
  ]
  // Made before: a role that is given later needs an approval itself.
  const others = [
    await test.user('Reader', 'globalReader'),
    await test.user('Projects', 'projectAdministrator'),
    await test.user('Certificates', 'certificateAdministrator'),
    await test.user('Regular'),
  ]
  const { groupId } = await test.application.createGroup(ada, { name: 'Approvers', description: null, members: [] })
  await test.application.changeChangeControl(ada, control(requiredApprovals))
  const join = (as: TestCaller, user: UserId) =>
    handleCommand(test.dependencies, as, streams.group(groupId), groupDecider, {
      type: 'ChangeGroupMembers',
      add: [user],
      remove: [],
    })
  const members = async () => {
    const state = fold(groupDecider, (await readWholeStream(test.dependencies.log, streams.group(groupId))).events)
    return state.status === 'none' ? [] : state.members
  }
  return { test, ada, bob, cleo, others, groupId, join, members }
}

function idOf({ changeProposalId }: Handled): ChangeProposalId {
  if (changeProposalId === undefined) throw new Error('It was not proposed, but done.')
  return changeProposalId
}

async function proposal({ dependencies: { log } }: TestApplication, id: ChangeProposalId) {
  const state = fold(changeProposalDecider, (await readWholeStream(log, streams.changeProposal(id))).events)
  if (state.status === 'none') throw new Error('There is no such change.')
  return state
}

const approval = (changeProposalId: ChangeProposalId) => ({ changeProposalId, comment: null })

/** As an approval does it whose process ends before it applies. */
const approveOnly = ({ dependencies, clock }: TestApplication, by: TestCaller, id: ChangeProposalId) =>
  handleCommand(dependencies, by, streams.changeProposal(id), changeProposalDecider, {
    type: 'ApproveChange',
    approver: { userId: by.userId, kind: 'interactive' },
    comment: null,
    samePersonAs: [],
    noLongerAllowed: [],
    at: clock.now,
  })

const deactivate = ({ dependencies, setup }: TestApplication, { userId }: TestCaller) =>
  handleCommand(dependencies, setup, streams.user(userId), userDecider, { type: 'DeactivateUser', reason: null })

describe('under change control a change of a rule', () => {
  it('does not hold before another administrator has approved it, and then as it was proposed', async () => {
    const { test, ada, bob, groupId, join, members } = await controlled()
    const { application } = test
    const changeProposalId = idOf(await join(ada, bob.userId))
    expect(await members()).toEqual([])
    expect(await proposal(test, changeProposalId)).toMatchObject({
      status: 'proposed',
      author: ada.userId,
      target: streams.group(groupId),
      baseRevision: 0,
      permission: 'administerUsers',
    })
    await expect(application.approveChange(ada, approval(changeProposalId))).rejects.toMatchObject({
      code: 'CHANGE_APPROVER_IS_AUTHOR',
    })
    await application.approveChange(bob, approval(changeProposalId))
    expect(await members()).toEqual([bob.userId])
    expect((await proposal(test, changeProposalId)).status).toBe('applied')
    const { events } = await readWholeStream(test.dependencies.log, streams.group(groupId))
    expect(events.at(-1)?.metadata).toMatchObject({ changeProposalId, actor: { kind: 'user', userId: bob.userId } })
  })

  it('is approved by those alone who have the permission that it needs', async () => {
    const { test, ada, bob, others, join, members } = await controlled()
    const changeProposalId = idOf(await join(ada, bob.userId))
    for (const other of others)
      await expect(test.application.approveChange(other, approval(changeProposalId))).rejects.toMatchObject({
        code: 'FORBIDDEN',
      })
    expect(await members()).toEqual([])
  })

  it('needs as many approvals as the organization says, of people who may still give them when the last is given', async () => {
    const { test, ada, bob, cleo, join, members } = await controlled(2)
    const changeProposalId = idOf(await join(ada, bob.userId))
    await test.application.approveChange(bob, approval(changeProposalId))
    expect(await members()).toEqual([])
    await deactivate(test, bob)
    await test.application.approveChange(cleo, approval(changeProposalId))
    // Bob's does not count any more.
    expect(await members()).toEqual([])
    expect(await proposal(test, changeProposalId)).toMatchObject({
      status: 'proposed',
      approvals: [{ approver: cleo.userId }],
    })
  })

  it('lapses when what it changes was changed meanwhile', async () => {
    const { test, ada, bob, cleo, groupId, join, members } = await controlled()
    const first = idOf(await join(ada, bob.userId))
    const second = idOf(await join(ada, cleo.userId))
    await test.application.approveChange(bob, approval(first))
    await expect(test.application.approveChange(bob, approval(second))).rejects.toMatchObject({
      code: 'CHANGE_STALE',
      details: { basedOnRevision: 0, currentRevision: 1 },
    })
    expect(await proposal(test, second)).toMatchObject({ status: 'lapsed', lapsed: 'baseMoved' })
    expect(await members()).toEqual([bob.userId])
    // What takes somebody out needs nobody.
    await test.application.changeGroupMembers(cleo, { groupId, add: [], remove: [bob.userId] })
    expect(await members()).toEqual([])
  })

  it('is taken back by its author, and rejected by others', async () => {
    const { test, ada, bob, join } = await controlled()
    for (const who of [ada, bob]) {
      const changeProposalId = idOf(await join(ada, bob.userId))
      await test.application.rejectChange(who, { changeProposalId, comment: 'No' })
      expect((await proposal(test, changeProposalId)).status).toBe('rejected')
      await expect(test.application.approveChange(bob, approval(changeProposalId))).rejects.toMatchObject({
        code: 'CHANGE_PROPOSAL_FINAL',
      })
    }
  })

  it('cannot be approved any more when its time is over', async () => {
    const { test, ada, bob, join } = await controlled()
    const changeProposalId = idOf(await join(ada, bob.userId))
    test.clock.now = '2026-03-02T12:00:00.000Z'
    await expect(test.application.approveChange(bob, approval(changeProposalId))).rejects.toMatchObject({
      code: 'CHANGE_PROPOSAL_EXPIRED',
    })
  })

  it('of another organization is as if it had never been', async () => {
    const { test, ada, bob, join } = await controlled()
    const changeProposalId = idOf(await join(ada, bob.userId))
    const foreign = { ...bob, organizationId: crypto.randomUUID() as typeof bob.organizationId }
    for (const id of [changeProposalId, crypto.randomUUID() as ChangeProposalId])
      await expect(test.application.approveChange(foreign, approval(id))).rejects.toMatchObject({
        code: 'CHANGE_PROPOSAL_NOT_FOUND',
      })
  })

  it('is also one of change control itself, which nobody ends alone', async () => {
    const { test, ada, bob } = await controlled()
    const changeProposalId = idOf(await test.application.changeChangeControl(ada, { changeControl: null }))
    expect(idOf(await test.application.changeChangeControl(ada, control(2)))).toBeDefined()
    await test.application.approveChange(bob, approval(changeProposalId))
    // From now on one is enough.
    expect(await test.application.changeChangeControl(ada, control(1))).not.toHaveProperty('changeProposalId')
  })

  it('is begun only where enough administrators are there to approve', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada', 'globalAdministrator')
    await test.user('Bob', 'globalAdministrator')
    await expect(test.application.changeChangeControl(ada, control(2))).rejects.toMatchObject({
      code: 'CHANGE_CONTROL_UNREACHABLE',
    })
    await expect(test.application.changeChangeControl(ada, control(1))).resolves.toBeDefined()
  })

  it('is applied by the next approval when a process ended after the last one', async () => {
    const { test, ada, bob, cleo, join, members } = await controlled()
    const changeProposalId = idOf(await join(ada, bob.userId))
    await approveOnly(test, bob, changeProposalId)
    expect(await members()).toEqual([])
    await test.application.approveChange(cleo, approval(changeProposalId))
    expect(await members()).toEqual([bob.userId])
    expect((await proposal(test, changeProposalId)).approvals).toHaveLength(1)
  })

  it('lapses when whoever approved it was deactivated before that, by another process at the same moment', async () => {
    const { test, ada, bob, cleo, join, members } = await controlled()
    const changeProposalId = idOf(await join(ada, bob.userId))
    await deactivate(test, bob)
    await approveOnly(test, bob, changeProposalId)
    await expect(test.application.approveChange(cleo, approval(changeProposalId))).rejects.toMatchObject({
      code: 'CHANGE_NOT_APPROVED',
      details: { approvals: 0, requiredApprovals: 1 },
    })
    expect(await members()).toEqual([])
    expect(await proposal(test, changeProposalId)).toMatchObject({ status: 'lapsed', lapsed: 'tooFewApprovals' })
  })

  it('is applied although whoever approved it was deactivated after that', async () => {
    const { test, ada, bob, cleo, join, members } = await controlled()
    const changeProposalId = idOf(await join(ada, cleo.userId))
    await approveOnly(test, bob, changeProposalId)
    await deactivate(test, bob)
    await test.application.approveChange(cleo, approval(changeProposalId))
    expect(await members()).toEqual([cleo.userId])
  })

  it('lapses when it was approved, and not applied within its time', async () => {
    const { test, ada, bob, cleo, join, members } = await controlled()
    const changeProposalId = idOf(await join(ada, bob.userId))
    await approveOnly(test, bob, changeProposalId)
    test.clock.now = '2026-03-02T12:00:00.000Z'
    await expect(test.application.approveChange(cleo, approval(changeProposalId))).rejects.toMatchObject({
      code: 'CHANGE_PROPOSAL_EXPIRED',
    })
    expect(await members()).toEqual([])
    expect(await proposal(test, changeProposalId)).toMatchObject({ status: 'lapsed', lapsed: 'expired' })
  })
})
