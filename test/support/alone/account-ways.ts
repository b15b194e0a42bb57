import { randomUUID } from 'node:crypto'
import type { Caller } from '../../../application/index.ts'
import { type ApiTokenId, streams } from '../../../domain/index.ts'
import { type AttackedOrganization, event, outcome } from './organization.ts'
import type { Way } from './way.ts'

/** The events that make a token, and a call by it: only its id stands in what it causes. */
function tokenFor(user: Caller): { readonly issued: object; readonly caller: Caller } {
  const tokenId = randomUUID() as ApiTokenId
  const facts = { tokenId, name: 'x', tokenHash: '12'.repeat(32), prefix: 'abcdef', expiresAt: null }
  return {
    issued: event('ApiTokenIssued', facts),
    caller: { ...user, authentication: { method: 'apiToken', tokenId } },
  }
}

/** A request of the CI user, approved by these. */
async function approvedBy(organization: AttackedOrganization, ...approvers: readonly Caller[]): Promise<string> {
  const id = await organization.submit(organization.robot)
  for (const approver of approvers) await organization.approve(approver, id)
  return organization.askSigner(id)
}

/** The person becomes two approvers: by accounts, tokens and memberships. */
export const waysByAccounts: Readonly<Record<string, Way>> = {
  'submits and approves by every account of their own': {
    async ask({ me, robot, socks, submit, approve }) {
      const [own, byRobot] = [await submit(me), await submit(robot)]
      return [
        await outcome(approve(me, own)),
        await outcome(approve(robot, own)),
        await outcome(approve(me, byRobot)),
        await outcome(approve(socks[0], byRobot)),
      ]
    },
    answers: ['SUBMITTER_MAY_NOT_APPROVE', 'SUBMITTER_MAY_NOT_APPROVE', 'SUBMITTER_MAY_NOT_APPROVE', 'NOT_AN_APPROVER'],
  },
  'makes second accounts members of the group of approvers': {
    ask: async ({ test, me, socks, approvers: groupId }) => {
      const add = socks.map(({ userId }) => userId)
      return [await outcome(test.application.changeGroupMembers(me, { groupId, add, remove: [] }))]
    },
    answers: ['proposed'],
    async force(organization) {
      const { me, socks, approvers, force } = organization
      const added = socks.map(({ userId }) => userId)
      await force(streams.group(approvers), [event('GroupMembersChanged', { added, removed: [] })], me)
      return approvedBy(organization, ...socks)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  "makes them members as if it was the service's own set-up": {
    async force(organization) {
      const { socks, approvers, force } = organization
      const added = socks.map(({ userId }) => userId)
      await force(streams.group(approvers), [event('GroupMembersChanged', { added, removed: [] })], 'setup')
      return approvedBy(organization, ...socks)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'begins the group of approvers anew, with them as its members': {
    async force({ test, me, socks, robot, approvers: groupId, force, submit, approve, askSigner }) {
      const { organizationId } = test.setup
      const members = socks.map(({ userId }) => userId)
      const begun = event('GroupCreated', { groupId, organizationId, name: 'x', description: null, members })
      await force(streams.group(groupId), [begun], me)
      const id = await submit(robot)
      for (const sock of socks) await outcome(approve(sock, id))
      return askSigner(id)
    },
    refusal: 'QUORUM_NOT_REACHED',
  },
  'takes the other approvers out, so that fewer are left to ask': {
    ask: async ({ test, me, dora, emil, robot, approvers: groupId, submit, approve }) => {
      const remove = [dora.userId, emil.userId]
      const removed = await outcome(test.application.changeGroupMembers(me, { groupId, add: [], remove }))
      return [removed, await outcome(approve(me, await submit(robot)))]
    },
    answers: ['done', 'SUBMITTER_MAY_NOT_APPROVE'],
  },
  'makes a token of an approver': {
    ask: async ({ test, me, dora }) => [
      await outcome(test.application.issueApiToken(me, { userId: dora.userId, name: 'x', expiresAt: null })),
    ],
    answers: ['FORBIDDEN'],
  },
  'makes tokens of approvers as if it was the set-up, and with these others': {
    async force(organization) {
      const callers = []
      for (const approver of [organization.dora, organization.emil]) {
        const [first, second] = [tokenFor(approver), tokenFor(approver)]
        await organization.force(streams.user(approver.userId), [first.issued], 'setup')
        await organization.force(streams.user(approver.userId), [second.issued], first.caller)
        callers.push(second.caller)
      }
      return approvedBy(organization, ...callers)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'makes a token of the CI user of somebody else who approves': {
    ask: async ({ test, me, doraRobot: { userId } }) => [
      await outcome(test.application.issueApiToken(me, { userId, name: 'x', expiresAt: null })),
    ],
    answers: ['proposed'],
    async force(organization) {
      const { me, doraRobot, force, submit, approve } = organization
      const { issued, caller } = tokenFor(doraRobot)
      await force(streams.user(doraRobot.userId), [issued], me)
      // One that the CI user makes itself does not hide who made the one before.
      const own = tokenFor(doraRobot)
      await force(streams.user(doraRobot.userId), [own.issued], caller)
      return outcome(approve(own.caller, await submit(organization.robot)))
    },
    refusal: 'SUBMITTER_MAY_NOT_APPROVE',
  },
  'makes a CI user for whom somebody else is responsible, and has it approve': {
    ask: async ({ test: { application }, me, dora, approvers: groupId }) => {
      const made = application.createCiUser(me, { name: 'x', responsible: dora.userId }).catch(() => undefined)
      const userId = (await made)?.userId ?? dora.userId
      return [
        await outcome(application.issueApiToken(me, { userId, name: 'x', expiresAt: null })),
        await outcome(application.changeGroupMembers(me, { groupId, add: [userId], remove: [] })),
      ]
    },
    answers: ['proposed', 'proposed'],
  },
  'has an approver back who has left, whose token they hold': {
    ask: async ({ test, me, former: { userId }, submit, robot, approve, former }) => [
      await outcome(test.application.reactivateUser(me, { userId })),
      await outcome(approve(former, await submit(robot))),
    ],
    answers: ['proposed', 'USER_DEACTIVATED'],
    async force(organization) {
      const { me, former, emil, force } = organization
      await force(streams.user(former.userId), [event('UserReactivated')], me)
      // Another approver agrees, so only this one is missing.
      return approvedBy(organization, former, emil)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'has an approver back who was erased': {
    ask: async ({ test: { application }, me, former: { userId } }) => [
      await outcome(application.eraseUser(me, { userId })),
      await outcome(application.reactivateUser(me, { userId })),
    ],
    answers: ['done', 'USER_ERASED'],
    async force({ me, former, robot, force, submit, approve }) {
      await force(streams.user(former.userId), [event('UserErased'), event('UserReactivated')], me)
      return outcome(approve(former, await submit(robot)))
    },
    refusal: 'USER_DEACTIVATED',
  },
  'lets another project read, and be configured, by themselves': {
    ask: async ({ test, me, projectId, submit, robot, approve }) => {
      const self = [{ user: me.userId }]
      const settings = { name: 'tool', description: null, repositoryUrl: null, readers: self, configurators: self }
      return [
        await outcome(test.application.updateProject(me, { projectId, basedOnRevision: 0, ...settings })),
        await outcome(approve(me, await submit(robot))),
      ]
    },
    answers: ['done', 'SUBMITTER_MAY_NOT_APPROVE'],
  },
}
