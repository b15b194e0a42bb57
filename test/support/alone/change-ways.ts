import type { Caller } from '../../../application/index.ts'
import { type ChangeProposalId, streams } from '../../../domain/index.ts'
import { type AttackedOrganization, event, type ForcedChange, outcome, proposed } from './organization.ts'
import type { Way } from './way.ts'

/** That the person's further accounts become approvers. */
const socksJoin = ({ socks }: AttackedOrganization) =>
  event('GroupMembersChanged', { added: socks.map(({ userId }) => userId), removed: [] })

/** Proposes it. */
function proposeSocks({ test, socks, approvers: groupId }: AttackedOrganization, by: Caller) {
  const add = socks.map(({ userId }) => userId)
  return test.application.changeGroupMembers(by, { groupId, add, remove: [] })
}

const decision = (changeProposalId: ChangeProposalId) => ({ changeProposalId, comment: null })

/** Has them approve a request of the person's, and asks the signer. */
async function approvedBySocks({ robot, socks, submit, approve, askSigner }: AttackedOrganization): Promise<string> {
  const id = await submit(robot)
  for (const sock of socks) await approve(sock, id)
  return askSigner(id)
}

/** Forces a change by which they become approvers, and asks the signer. */
async function forceSocks(
  organization: AttackedOrganization,
  change: Omit<ForcedChange, 'target' | 'events'>,
): Promise<string> {
  const events = [socksJoin(organization)]
  await organization.forceChange({ target: streams.group(organization.approvers), events, ...change })
  return approvedBySocks(organization)
}

/** The person deals with the approval of changes itself. */
export const waysByChanges: Readonly<Record<string, Way>> = {
  'approves their own change': {
    async ask(organization) {
      const { test, me } = organization
      const asked = proposeSocks(organization, me)
      const answer = await outcome(asked)
      if (answer !== 'proposed') return [answer]
      const id = await proposed(asked)
      return [await outcome(test.application.approveChange(me, decision(id)))]
    },
    answers: ['CHANGE_APPROVER_IS_AUTHOR'],
    force: (organization) => forceSocks(organization, { by: organization.me, approvedBy: [organization.me] }),
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'has a CI user of theirs propose a change, and approves it': {
    async ask(organization) {
      const { test, me, robot } = organization
      const asked = proposeSocks(organization, robot)
      const answer = await outcome(asked)
      // The CI user cannot have the role of a Global Administrator; as a user administrator it asks for itself.
      if (answer !== 'proposed') return [answer]
      return [await outcome(test.application.approveChange(me, decision(await proposed(asked))))]
    },
    answers: ['FORBIDDEN'],
    force: (organization) => forceSocks(organization, { by: organization.robot, approvedBy: [organization.me] }),
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'has a CI user of theirs approve a change': {
    async ask(organization) {
      const { test, me, robot } = organization
      const asked = proposeSocks(organization, me)
      const answer = await outcome(asked)
      if (answer !== 'proposed') return [answer]
      return [await outcome(test.application.approveChange(robot, decision(await proposed(asked))))]
    },
    answers: ['FORBIDDEN'],
    force: (organization) => forceSocks(organization, { by: organization.me, approvedBy: [organization.robot] }),
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'gives a second account the role to approve changes': {
    ask: async ({ test: { application }, me, socks: [{ userId }] }) => [
      await outcome(application.grantGlobalRole(me, { userId, role: 'userAdministrator' })),
      await outcome(application.grantGlobalRole(me, { userId, role: 'globalAdministrator' })),
    ],
    answers: ['proposed', 'proposed'],
    async force(organization) {
      const { me, socks, force } = organization
      const role = event('GlobalRoleGranted', { role: 'userAdministrator' })
      await force(streams.user(socks[0].userId), [role], me)
      return forceSocks(organization, { by: me, approvedBy: [socks[0]] })
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'makes an account that has the role from the beginning': {
    ask: async ({ test: { application }, me }) => {
      const input = { kind: 'interactive', name: 'New', email: null, roles: ['userAdministrator'] } as const
      const { kind: _, ...invitation } = { ...input, email: 'new@example.test' }
      return [await outcome(application.createUser(me, input)), await outcome(application.inviteUser(me, invitation))]
    },
    answers: ['FORBIDDEN', 'proposed'],
  },
  'changes as if nobody had proposed it, and approves that': {
    force: (organization) => forceSocks(organization, { by: 'operator', approvedBy: [organization.me] }),
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'has accounts that look as if the operator of the machine had added them approve a change': {
    async force(organization) {
      const { me, socks, force } = organization
      for (const { userId } of socks) await force(streams.user(userId), [event('AdministratorAppointed')], 'operator')
      return forceSocks(organization, { by: me, approvedBy: socks })
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'ends the control of changes': {
    ask: async ({ test: { application }, me }) => [
      await outcome(application.changeChangeControl(me, { changeControl: null })),
    ],
    answers: ['proposed'],
    async force(organization) {
      const { test, me, approvers, force } = organization
      const ended = event('ChangeControlChanged', { changeControl: null })
      await force(streams.organization(test.setup.organizationId), [ended], me)
      await force(streams.group(approvers), [socksJoin(organization)], me)
      return approvedBySocks(organization)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'begins the organization anew, without control of changes': {
    async force(organization) {
      const { test, me, approvers, force } = organization
      const { organizationId } = test.setup
      await force(
        streams.organization(organizationId),
        [event('OrganizationCreated', { organizationId, name: 'x' })],
        me,
      )
      if ((await outcome(proposeSocks(organization, me))) !== 'proposed') return 'changes are controlled no more'
      await force(streams.group(approvers), [socksJoin(organization)], me)
      return approvedBySocks(organization)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'lowers how many must approve changes': {
    requiredApprovals: 2,
    ask: async ({ test: { application }, me }) => [
      await outcome(
        application.changeChangeControl(me, { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }),
      ),
    ],
    answers: ['proposed'],
    async force(organization) {
      const { test, me, bob, force } = organization
      const lower = event('ChangeControlChanged', { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } })
      await force(streams.organization(test.setup.organizationId), [lower], me)
      return forceSocks(organization, { by: me, approvedBy: [bob], facts: { requiredApprovals: 1 } })
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'deactivates all other administrators, and then decides alone': {
    async ask(organization) {
      const { test, me, bob, cleo, gus } = organization
      const asked = proposeSocks(organization, me)
      const first = await outcome(asked)
      const answers = []
      for (const { userId } of [bob, cleo, gus])
        answers.push(await outcome(test.application.deactivateUser(me, { userId, reason: null })))
      if (first !== 'proposed') return [...answers, first]
      const id = await proposed(asked)
      return [
        ...answers,
        await outcome(test.application.approveChange(me, decision(id))),
        await outcome(test.application.changeChangeControl(me, { changeControl: null })),
      ]
    },
    answers: ['done', 'done', 'done', 'CHANGE_APPROVER_IS_AUTHOR', 'proposed'],
    async force(organization) {
      const { me, bob, force } = organization
      await force(streams.user(bob.userId), [event('UserDeactivated', { reason: null })], me)
      return forceSocks(organization, { by: me, approvedBy: [bob] })
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'takes up a change again that was rejected': {
    async ask(organization) {
      const { test, me, bob } = organization
      const asked = proposeSocks(organization, me)
      const answer = await outcome(asked)
      if (answer !== 'proposed') return [answer]
      const id = await proposed(asked)
      await test.application.rejectChange(bob, decision(id))
      return [await outcome(test.application.approveChange(me, decision(id)))]
    },
    answers: ['CHANGE_PROPOSAL_FINAL'],
    force: (organization) => {
      const { bob, cleo, me } = organization
      const before = [event('ChangeRejected', { rejectedBy: cleo.userId, comment: null })]
      return forceSocks(organization, { by: me, approvedBy: [bob], before })
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'has a change approved, and applied, when its time was over': {
    async ask(organization) {
      const { test, me } = organization
      const asked = proposeSocks(organization, me)
      const answer = await outcome(asked)
      if (answer !== 'proposed') return [answer]
      const id = await proposed(asked)
      test.clock.now = '2026-03-02T12:00:00.000Z'
      return [await outcome(test.application.approveChange(organization.bob, decision(id)))]
    },
    answers: ['CHANGE_PROPOSAL_EXPIRED'],
    force: (organization) => {
      const facts = { expiresAt: '2026-03-02T12:00:00.000Z' }
      const late = { facts, approvedAt: '2026-03-02T12:06:00.000Z' }
      return forceSocks(organization, { by: organization.me, approvedBy: [organization.bob], ...late })
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'has a change applied a second time that was approved, and taken back': {
    async ask(organization) {
      const { me, test } = organization
      const id = await approvedOnce(organization)
      return [await outcome(test.application.approveChange(me, decision(id)))]
    },
    answers: ['CHANGE_PROPOSAL_FINAL'],
    async force(organization) {
      const { me, approvers, force } = organization
      const id = await approvedOnce(organization)
      await force(streams.group(approvers), [socksJoin(organization)], me, id)
      return approvedBySocks(organization)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
}

/** A change that made the accounts approvers, which others took back. */
async function approvedOnce(organization: AttackedOrganization): Promise<ChangeProposalId> {
  const { test, bob, cleo, socks, approvers: groupId } = organization
  const id = await proposed(proposeSocks(organization, bob))
  await test.application.approveChange(cleo, decision(id))
  const remove = socks.map(({ userId }) => userId)
  await test.application.changeGroupMembers(bob, { groupId, add: [], remove })
  return id
}
