import { describe, expect, it } from 'vitest'
import { appointAdministrator } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import { fold, type OrganizationId, streams, type UserId, userDecider } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import {
  type AttackedOrganization,
  attackedOrganization,
  attackers,
  outcome,
  proposed,
} from '../support/alone/organization.ts'

const ofMallory = attackers['a Global Administrator']

/** Mallory has deactivated everybody else who could stop them, and the operator of the machine is asked. */
async function afterTakeover(requiredApprovals = 1) {
  const organization = await attackedOrganization(ofMallory, requiredApprovals)
  const { test, me, bob, cleo, gus } = organization
  const { application, dependencies, setup } = test
  for (const { userId } of [bob, cleo, gus]) await application.deactivateUser(me, { userId, reason: null })
  const operator = new Setup(setup.organizationId, { component: 'operator' })
  const appoint = (who: Parameters<typeof appointAdministrator>[2]) => appointAdministrator(dependencies, operator, who)
  const user = async (userId: UserId) =>
    fold(userDecider, (await readWholeStream(dependencies.log, streams.user(userId))).events)
  const somebodyNew = async (name: string) => {
    const { token } = await appoint({ name })
    return application.authenticate({ apiToken: token ?? '' }, '192.0.2.1')
  }
  return { ...organization, appoint, user, somebodyNew }
}

const decision = (changeProposalId: string) => ({ changeProposalId, comment: null })

/** Proposes that the second accounts of Mallory become approvers. */
function join({ test, socks, approvers: groupId }: AttackedOrganization, by: AttackedOrganization['me']) {
  const add = socks.map(({ userId }) => userId)
  return test.application.changeGroupMembers(by, { groupId, add, remove: [] })
}

describe('the operator of the machine', () => {
  it('has administrators back who were deactivated, who change rules by their own hands as before', async () => {
    const organization = await afterTakeover()
    const { test, me, bob, cleo, robot, socks, appoint, user, submit, approve, askSigner } = organization
    for (const { userId } of [bob, cleo]) {
      await appoint({ userId })
      expect(await user(userId)).toMatchObject({ status: 'active', roles: ['globalAdministrator'] })
      expect(await user(userId)).not.toHaveProperty('appointed')
    }
    await test.application.deactivateUser(bob, { userId: me.userId, reason: 'Took over' })
    await test.application.approveChange(cleo, decision(await proposed(join(organization, bob))))
    const id = await submit(robot)
    for (const sock of socks) await approve(sock, id)
    // The signer finds that the two agreed.
    expect(await askSigner(id)).toBe('authorised')
  })

  it('adds somebody new who stops what goes on, and approves no changes', async () => {
    const organization = await afterTakeover()
    const { test, me, somebodyNew, user } = organization
    const [xenia, yann] = [await somebodyNew('Xenia'), await somebodyNew('Yann')]
    expect(await user(xenia.userId)).toMatchObject({ roles: ['globalAdministrator'], appointed: true })
    const byMallory = await proposed(join(organization, me))
    const byXenia = await proposed(join(organization, xenia))
    for (const id of [byMallory, byXenia])
      expect(await outcome(test.application.approveChange(yann, decision(id)))).toBe('CHANGE_APPROVER_APPOINTED')
    await test.application.rejectChange(yann, decision(byMallory))
    await test.application.deactivateUser(xenia, { userId: me.userId, reason: 'Took over' })
    expect((await user(me.userId)).status).toBe('deactivated')
  })

  it('adds somebody who approves as everybody when others have given them the role', async () => {
    const organization = await afterTakeover()
    const { test, me, somebodyNew, user } = organization
    const xenia = await somebodyNew('Xenia')
    const input = { userId: xenia.userId, role: 'globalAdministrator' } as const
    const withdrawn = await proposed(test.application.withdrawGlobalRole(xenia, input))
    await test.application.approveChange(me, decision(withdrawn))
    const given = await proposed(test.application.grantGlobalRole(me, input))
    expect(await outcome(test.application.approveChange(me, decision(given)))).toBe('CHANGE_APPROVER_IS_AUTHOR')
    expect(await user(xenia.userId)).not.toHaveProperty('appointed')
  })

  it('does not count as the others whom the control of changes needs', async () => {
    const { test, me, somebodyNew } = await afterTakeover()
    for (const name of ['Xenia', 'Yann', 'Zoe']) await somebodyNew(name)
    const control = { changeControl: { requiredApprovals: 2, lifetimeSeconds: 86_400 } }
    expect(await outcome(test.application.changeChangeControl(me, control))).toBe('CHANGE_CONTROL_UNREACHABLE')
  })

  it('gives the role as everybody does where changes are not controlled, and refuses what nobody can have', async () => {
    const { test, bob, robot, former } = await attackedOrganization(ofMallory, 0)
    const { application, dependencies, setup } = test
    const operator = new Setup(setup.organizationId, { component: 'operator' })
    const appoint = (userId: UserId) => outcome(appointAdministrator(dependencies, operator, { userId }))
    expect(await appoint(former.userId)).toBe('done')
    const { events } = await readWholeStream(dependencies.log, streams.user(former.userId))
    expect(events.slice(-2).map(({ type, metadata: { actor } }) => ({ type, actor }))).toEqual(
      ['UserReactivated', 'GlobalRoleGranted'].map((type) => ({
        type,
        actor: { kind: 'system', component: 'operator' },
      })),
    )
    expect(await appoint(bob.userId)).toBe('ROLE_HELD')
    expect(await appoint(robot.userId)).toBe('ROLE_NEEDS_PERSON')
    await application.eraseUser(bob, { userId: former.userId })
    expect(await appoint(former.userId)).toBe('USER_ERASED')
    expect(await appoint(crypto.randomUUID() as UserId)).toBe('USER_NOT_FOUND')
    const elsewhere = new Setup(crypto.randomUUID() as OrganizationId, { component: 'operator' })
    expect(await outcome(appointAdministrator(dependencies, elsewhere, { name: 'X' }))).toBe('ORGANIZATION_NOT_FOUND')
  })
})
