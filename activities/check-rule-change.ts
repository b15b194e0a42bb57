import {
  actingUser,
  asEventOf,
  type ChangeControl,
  type ChangeControlChanged,
  type ChangeProposal,
  type ChangeProposalState,
  canonicalJson,
  changeProposalDecider,
  fold,
  type OrganizationId,
  parseStreamName,
  permissionOfRule,
  permissionRule,
  Refusal,
  ruleChangedBy,
  type SigningPolicySettings,
  streams,
  type User,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { type RecordedEvent, readNamedStream, readWholeStream } from '../event-log/index.ts'
import type { GroundsLog } from './grounds.ts'

/**
 * Where the organization controlled changes of the rule that an event changed when it was appended, the event must be one
 * that others approved: its proposal, as it stood in the log before, must name exactly this event at this place, with as
 * many approvals as were demanded, each by the own hand of another person who was active and had the permission, by a role
 * that they were given as the rules demand, too.
 *
 * @throws Refusal `RULE_CHANGE_NOT_APPROVED`, naming the event and what is wrong
 */
export async function requireApprovedChange(
  log: GroundsLog,
  organizationId: OrganizationId,
  event: RecordedEvent,
): Promise<void> {
  const { streamId, revision, type } = event
  const rule = ruleChangedBy(event, { streamId, actor: event.metadata.actor })
  if (rule === undefined) return
  const demanded = await approvalsDemanded(log, organizationId, event)
  if (demanded === 0) return
  const fault = await faultOf(log, { organizationId, event, permission: permissionOfRule[rule], demanded })
  if (fault !== undefined)
    throw new Refusal(
      'RULE_CHANGE_NOT_APPROVED',
      `The organization controls changes of its rules, and ${type} in ${streamId}, revision ${revision}, ${fault}.`,
      { streamId, revision },
    )
}

/**
 * Whoever caused an event must have had their account by the rules: reactivated as the organization demanded it then, and with a
 * token that they made themselves, or that others agreed to.
 *
 * @param history the user's own stream up to the event
 * @throws Refusal `RULE_CHANGE_NOT_APPROVED`
 */
export async function requireApprovedAccount(
  log: GroundsLog,
  organizationId: OrganizationId,
  history: readonly RecordedEvent[],
  { metadata: { actor } }: RecordedEvent,
): Promise<void> {
  const reactivated = history.findLast(({ type }) => type === 'UserReactivated')
  if (reactivated !== undefined) await requireApprovedChange(log, organizationId, reactivated)
  if (actor.kind !== 'user' || actor.authentication.method !== 'apiToken') return
  const { tokenId } = actor.authentication
  const issued = history.find(({ type, data }) => type === 'ApiTokenIssued' && data.tokenId === tokenId)
  if (issued !== undefined) await requireApprovedChange(log, organizationId, issued)
}

/**
 * How many approvals a change took when an event was appended, by the organization and by the version of the signing policy
 * that was in force then, if it is a policy's.
 */
async function approvalsDemanded(log: GroundsLog, id: OrganizationId, event: RecordedEvent): Promise<number> {
  const { streamId } = event
  const general = before(event, await eventsOf(log, streams.organization(id)))
  const demanded = await demandedBy(log, id, general, ({ type, data }) =>
    type === 'ChangeControlChanged' ? ((data as ChangeControlChanged['data']).changeControl ?? noControl) : undefined,
  )
  if (parseStreamName(streamId)?.kind !== 'signingPolicy') return demanded
  const own = await demandedBy(log, id, before(event, await eventsOf(log, streamId)), ({ type, data }) =>
    type === 'SigningPolicyCreated' || type === 'SigningPolicyChanged'
      ? ((data.settings as SigningPolicySettings).changeControl ?? noControl)
      : undefined,
  )
  return Math.max(demanded, own)
}

const noControl = { requiredApprovals: 0 }

/**
 * How many approvals changes take at the end of a history. An event that demands fewer than before counts only when it was
 * approved as it had to be: or whoever can write to the log would first abolish the rule, and then break it.
 *
 * @param controlOf what an event says of it; `undefined` for one that says nothing
 */
async function demandedBy(
  log: GroundsLog,
  id: OrganizationId,
  history: readonly RecordedEvent[],
  controlOf: (event: RecordedEvent) => Pick<ChangeControl, 'requiredApprovals'> | undefined,
): Promise<number> {
  let demanded = 0
  for (const event of history) {
    const next = controlOf(event)?.requiredApprovals
    if (next === undefined || (next < demanded && !(await isApproved(log, id, event)))) continue
    demanded = next
  }
  return demanded
}

type Demand = {
  readonly organizationId: OrganizationId
  readonly event: RecordedEvent
  readonly permission: ChangeProposal['permission']
  readonly demanded: number
}

/** What is wrong with the approval of an event, as the end of a sentence about it; nothing when it was approved. */
async function faultOf(
  log: GroundsLog,
  { organizationId, event, permission, demanded }: Demand,
): Promise<string | undefined> {
  const { changeProposalId } = event.metadata
  if (changeProposalId === undefined) return 'was approved by nobody'
  const history = before(event, await eventsOf(log, streams.changeProposal(changeProposalId)))
  const proposal = fold(changeProposalDecider, history)
  if (proposal.status !== 'approved' || proposal.organizationId !== organizationId)
    return `names the change ${changeProposalId}, which was not approved then`
  const index = event.revision - (proposal.baseRevision ?? -1) - 1
  const proposed = proposal.events[index]
  const same = ({ type, data }: { readonly type: string; readonly data: object }) => canonicalJson({ type, data })
  if (proposal.target !== event.streamId || proposed === undefined || same(proposed) !== same(event))
    return `is not what the change ${changeProposalId} proposed`
  const author = history[0] === undefined ? null : actingUser(history[0].metadata.actor)
  if (author !== proposal.author)
    return `was proposed in the name of somebody else, by ${author ?? 'a part of the service'}`

  const quorum = quorumEvent(history)
  let approvals = 0
  for (const { approver } of proposal.approvals) {
    const approved = history.findLast(({ type, data }) => type === 'ChangeApproved' && data.approver === approver)
    if (approved === undefined || actingUser(approved.metadata.actor) !== approver)
      return `was approved in the name of ${approver}, who did not do it`
    if (approver === author) return 'was approved by its own author'
    if (await couldApprove(log, { organizationId, approver, permission, quorum })) approvals += 1
  }
  return approvals < demanded
    ? `has ${approvals} approvals by people who could give them, and needed ${demanded}`
    : undefined
}

/** Whether somebody was an active person with the permission when the quorum was reached. */
async function couldApprove(
  log: GroundsLog,
  {
    organizationId,
    approver,
    permission,
    quorum,
  }: Pick<Demand, 'organizationId' | 'permission'> & {
    readonly approver: UserId
    readonly quorum: RecordedEvent | undefined
  },
): Promise<boolean> {
  const events = await eventsOf(log, streams.user(approver))
  const history = quorum === undefined ? events : before(quorum, events)
  const user = fold(userDecider, history)
  if (user.status !== 'active' || user.kind !== 'interactive' || user.organizationId !== organizationId) return false
  return (
    (await heldByRule(log, organizationId, history, 'UserReactivated')) &&
    (await hasApprovedRole(log, { organizationId, user, history, permission }))
  )
}

/** Whether one of the roles that give the permission was given as the rules demanded then. */
async function hasApprovedRole(
  log: GroundsLog,
  {
    organizationId,
    user,
    history,
    permission,
  }: Pick<Demand, 'organizationId' | 'permission'> & {
    readonly user: User
    readonly history: readonly RecordedEvent[]
  },
): Promise<boolean> {
  const { roles } = permissionRule(permission)
  for (const role of user.roles.filter((each) => roles.includes(each)))
    if (await heldByRule(log, organizationId, history, 'GlobalRoleGranted', (data) => data.role === role)) return true
  return false
}

/** Whether the newest event of a type, if there is one, was approved as the rules demanded then. */
async function heldByRule(
  log: GroundsLog,
  organizationId: OrganizationId,
  history: readonly RecordedEvent[],
  type: string,
  matches: (data: RecordedEvent['data']) => boolean = () => true,
): Promise<boolean> {
  const newest = history.findLast((event) => event.type === type && matches(event.data))
  return newest === undefined || isApproved(log, organizationId, newest)
}

/** Whether a change was approved as the rules demanded when it was appended. */
async function isApproved(log: GroundsLog, organizationId: OrganizationId, event: RecordedEvent): Promise<boolean> {
  try {
    await requireApprovedChange(log, organizationId, event)
    return true
  } catch (error) {
    if (error instanceof Refusal && error.code === 'RULE_CHANGE_NOT_APPROVED') return false
    throw error
  }
}

/** The event with which the approvals were enough. */
function quorumEvent(history: readonly RecordedEvent[]): RecordedEvent | undefined {
  let state: ChangeProposalState = changeProposalDecider.initialState()
  for (const event of history) {
    state = changeProposalDecider.evolve(state, asEventOf(changeProposalDecider, event))
    if (state.status === 'approved') return event
  }
  return undefined
}

/** The events of an entity, which must be there when its name is one that this release knows. */
async function eventsOf(log: GroundsLog, streamId: string): Promise<readonly RecordedEvent[]> {
  return parseStreamName(streamId)?.kind === 'organization'
    ? (await readNamedStream(log, streamId)).events
    : (await readWholeStream(log, streamId)).events
}

/** What stood in the log before an event. */
function before(event: RecordedEvent, events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return events.filter(({ position }) => position < event.position)
}
