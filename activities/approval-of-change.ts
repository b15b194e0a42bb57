import {
  actingUser,
  type ChangeProposal,
  canonicalJson,
  changeProposalDecider,
  fold,
  isFromBuild,
  type OrganizationId,
  peopleBehind,
  permissionRule,
  quorumEvent,
  rolesForApproval,
  streams,
  type User,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { before, type RecordedEvent } from '../event-log/index.ts'
import { longestDelay } from './call-delay.ts'
import { eventsOf } from './change-history.ts'
import type { GroundsLog } from './grounds.ts'

/** Whom a question about an approved change is asked of. */
type Asked = {
  readonly log: GroundsLog
  readonly organizationId: OrganizationId
  /** Whether an earlier change was approved as the rules demanded when it was appended. */
  readonly isApproved: (change: RecordedEvent) => Promise<boolean>
  /** Whether an account was by the rules, by the history of its user before something that it caused. */
  readonly hasApprovedAccount: (history: readonly RecordedEvent[], caused: RecordedEvent) => Promise<boolean>
}

/** What a change had to have. */
type Demand = {
  readonly event: RecordedEvent
  readonly permission: ChangeProposal['permission']
  /** Approvals by others than its author. */
  readonly demanded: number
}

/**
 * What is wrong with the approval of a change that needed approvals, as the end of a sentence about it; nothing when enough
 * people approved it who could.
 */
export async function faultOfApproval(
  asked: Asked,
  { event, permission, demanded }: Demand,
): Promise<string | undefined> {
  const { log, organizationId } = asked
  const { changeProposalId } = event.metadata
  if (changeProposalId === undefined) return 'was approved by nobody'
  const history = before(event, await eventsOf(log, streams.changeProposal(changeProposalId)))
  const proposal = fold(changeProposalDecider, history)
  const [proposed] = history
  if (proposed === undefined || proposal.status !== 'approved' || proposal.organizationId !== organizationId)
    return `names the change ${changeProposalId}, which was not approved then`
  if (!isProposed(event, proposal)) return `is not what the change ${changeProposalId} proposed`
  if (isTooLate(event, proposal)) return `was applied after ${proposal.expiresAt}, when its change had lapsed`
  const author = actingUser(proposed.metadata.actor)
  if (author !== proposal.author)
    return `was proposed in the name of somebody else, by ${author ?? 'a part of the service'}`
  if (author !== null && !(await actsByRule(asked, author, proposed)))
    return 'was proposed with an account, or a token, that needed the approval of others and had none'

  const people = await peopleOf(log, proposed)
  let approvals = 0
  for (const { approver } of proposal.approvals) {
    const approved = history.findLast(({ type, data }) => type === 'ChangeApproved' && data.approver === approver)
    if (approved?.metadata.actor.kind === 'user' && isFromBuild(approved.metadata.actor))
      return `was approved by a call of ${approver} that came from a build`
    if (approved === undefined || actingUser(approved.metadata.actor) !== approver)
      return `was approved in the name of ${approver}, who did not do it`
    if (isTooLate(approved, proposal)) continue
    // Nobody counts twice, by whatever account; the author not at all.
    const behind = await peopleOf(log, approved)
    if ([...behind].some((person) => people.has(person))) continue
    if (!(await couldApprove(asked, { approver, approved, permission, quorum: quorumEvent(history) }))) continue
    for (const person of behind) people.add(person)
    approvals += 1
  }
  // What nobody of the organization proposed, one more of its people must have agreed to.
  const needed = author === null ? demanded + 1 : demanded
  return approvals < needed
    ? `has ${approvals} approvals in time by other people who could give them, and needed ${needed}`
    : undefined
}

/** Whether an event is what a change proposed, at the place that it was proposed for. */
function isProposed(event: RecordedEvent, { target, baseRevision, events }: ChangeProposal): boolean {
  const proposed = events[event.revision - (baseRevision ?? -1) - 1]
  const same = ({ type, data }: { readonly type: string; readonly data: object }) => canonicalJson({ type, data })
  return target === event.streamId && proposed !== undefined && same(proposed) === same(event)
}

/** Whether something happened to a change when its time was over; what was under way then was not. */
function isTooLate({ metadata }: RecordedEvent, { expiresAt }: ChangeProposal): boolean {
  return Date.parse(metadata.occurredAt) > Date.parse(expiresAt) + longestDelay
}

/** The account that caused an event, and the people behind it: what they do counts as done by one person. */
async function peopleOf(log: GroundsLog, { metadata: { actor } }: RecordedEvent): Promise<Set<UserId>> {
  const userId = actingUser(actor)
  if (userId === null) return new Set()
  return new Set([userId, ...(await peopleBehind(userId, actor, (id) => eventsOf(log, streams.user(id))))])
}

/** Whether the account that caused an event was its user's by the rules. */
async function actsByRule({ log, hasApprovedAccount }: Asked, userId: UserId, caused: RecordedEvent): Promise<boolean> {
  return hasApprovedAccount(before(caused, await eventsOf(log, streams.user(userId))), caused)
}

/** Whether somebody was an active person with the permission when the quorum was reached. */
async function couldApprove(
  asked: Asked,
  {
    approver,
    approved,
    permission,
    quorum,
  }: Pick<Demand, 'permission'> & {
    readonly approver: UserId
    /** The approval. */
    readonly approved: RecordedEvent
    readonly quorum: RecordedEvent | undefined
  },
): Promise<boolean> {
  const { log, organizationId, hasApprovedAccount } = asked
  const events = await eventsOf(log, streams.user(approver))
  const history = quorum === undefined ? events : before(quorum, events)
  const user = fold(userDecider, history)
  if (user.status !== 'active' || user.kind !== 'interactive' || user.organizationId !== organizationId) return false
  return (await hasApprovedAccount(history, approved)) && (await hasApprovedRole(asked, user, history, permission))
}

/** Whether one of the roles that give the permission was given as the rules demanded then. */
async function hasApprovedRole(
  { isApproved }: Asked,
  user: User,
  history: readonly RecordedEvent[],
  permission: Demand['permission'],
): Promise<boolean> {
  const roles = rolesForApproval(user)
  for (const role of roles.filter((each) => permissionRule(permission).roles.includes(each))) {
    const given = history.findLast(({ type, data }) => type === 'GlobalRoleGranted' && data.role === role)
    if (given !== undefined && (await isApproved(given))) return true
  }
  return false
}
