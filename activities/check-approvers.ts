import {
  type Approval,
  asEventOf,
  countedApprovals,
  entitlements,
  fold,
  groupDecider,
  isMember,
  type OrganizationId,
  type PrincipalReference,
  quorumReached,
  Refusal,
  refuseApprovalFromBuild,
  type SigningRequest,
  type SigningRequestState,
  signingRequestDecider,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { type RecordedEvent, readNamedStream, readWholeStream } from '../event-log/index.ts'
import { checkGrantedApproval } from './check-grant.ts'
import { requireApprovedAccount, requireApprovedChange } from './check-rule-change.ts'
import type { GroundsLog } from './grounds.ts'
import { namesPeopleBehind } from './people-named.ts'

/**
 * Every approval that counts must be by the approver's own hand, or by a grant of theirs, and they must have been active when
 * the quorum was reached.
 *
 * @throws Refusal `APPROVAL_NOT_BY_APPROVER`, `APPROVAL_FROM_BUILD`, `APPROVAL_NOT_BY_GRANT`, `GRANT_REVOKED`, `APPROVER_UNKNOWN`, `APPROVER_DEACTIVATED`, `APPROVER_NOT_IN_GROUP`,
 *   `RULE_CHANGE_NOT_APPROVED`
 */
export async function checkApprovers(
  log: GroundsLog,
  request: SigningRequest,
  events: readonly RecordedEvent[],
): Promise<void> {
  const reached = quorumEvent(events)
  for (const approval of countedApprovals(request)) {
    const { approver } = approval
    const granted = events.findLast(({ type, data }) => type === 'ApprovalGranted' && data.approver === approver)
    if (granted === undefined) throw notByApprover(approver)
    const { grantId } = approval
    if (grantId === undefined) await checkOwnApproval(log, approval, granted)
    else
      await checkGrantedApproval(log, request, { ...approval, grantId }, { submitted: events[0] ?? granted, granted })
    await checkApprover(log, request, approval, [granted, reached])
  }
}

async function checkOwnApproval(log: GroundsLog, approval: Approval, granted: RecordedEvent): Promise<void> {
  const { approver, peopleBehind = [] } = approval
  const { actor } = granted.metadata
  if (actor.kind !== 'user' || actor.userId !== approver) throw notByApprover(approver)
  refuseApprovalFromBuild(actor)
  if (await namesPeopleBehind(log, approver, peopleBehind, granted)) return
  throw new Refusal(
    'APPROVAL_NOT_BY_APPROVER',
    `An approval in the name of ${approver} does not name all people who are behind that account.`,
  )
}

function notByApprover(approver: UserId): Refusal {
  return new Refusal('APPROVAL_NOT_BY_APPROVER', `An approval in the name of ${approver} was not made by them.`)
}

/** @param moments when the approval was given, and when the quorum was reached with it */
async function checkApprover(
  log: GroundsLog,
  request: SigningRequest,
  approval: Approval,
  moments: readonly [RecordedEvent, RecordedEvent | undefined],
): Promise<void> {
  const { approver } = approval
  const [granted, reached] = moments
  const { events } = await readWholeStream(log, streams.user(approver))
  const history = upTo(reached, events)
  const user = fold(userDecider, history)
  if (user.status === 'none' || user.organizationId !== request.organizationId || user.status === 'invited')
    throw new Refusal('APPROVER_UNKNOWN', `The log knows no approver ${approver} in this organization.`)
  if (user.status === 'deactivated')
    throw new Refusal('APPROVER_DEACTIVATED', `The user ${approver} was deactivated before the quorum was reached.`)
  await requireApprovedAccount(log, request.organizationId, history, granted)
  const through = request.approval === null ? [] : entitlements(approval, request.approval)
  if (!(await isNamed(log, request, through, approver, moments)))
    throw new Refusal(
      'APPROVER_NOT_IN_GROUP',
      `The user ${approver} was not in the group that the approval was given through, or left it before the quorum was reached.`,
    )
}

/**
 * Whether one of the references named a user at each of some moments: themselves, or as a member of the group then.
 *
 * @throws Refusal `RULE_CHANGE_NOT_APPROVED` when they became one by a change that needed the approval of others and had none
 */
export async function isNamed(
  log: GroundsLog,
  { organizationId }: SigningRequest,
  references: readonly PrincipalReference[],
  user: UserId,
  moments: readonly (RecordedEvent | undefined)[],
): Promise<boolean> {
  if (references.some((each) => 'user' in each && each.user === user)) return true
  for (const each of references) {
    if ('user' in each) continue
    const { events } = await readNamedStream(log, streams.group(each.group))
    if (!moments.every((moment) => isMember(fold(groupDecider, upTo(moment, events)), organizationId, user))) continue
    for (const moment of moments) await requireApprovedMember(log, organizationId, upTo(moment, events), user)
    return true
  }
  return false
}

/** Whoever joined a group must have joined it as the rules demanded then. */
async function requireApprovedMember(
  log: GroundsLog,
  organizationId: OrganizationId,
  history: readonly RecordedEvent[],
  user: UserId,
): Promise<void> {
  const joined = history.findLast(
    ({ type, data }) => type === 'GroupMembersChanged' && (data.added as readonly UserId[]).includes(user),
  )
  if (joined !== undefined) await requireApprovedChange(log, organizationId, joined)
}

/** What had happened in a stream when an event of another one did; all of it without one. */
function upTo(moment: RecordedEvent | undefined, events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return moment === undefined ? events : events.filter(({ position }) => position <= moment.position)
}

/** The event with which the quorum that now stands was reached. */
function quorumEvent(events: readonly RecordedEvent[]): RecordedEvent | undefined {
  let state: SigningRequestState = signingRequestDecider.initialState()
  let reached: RecordedEvent | undefined
  for (const event of events) {
    state = signingRequestDecider.evolve(state, asEventOf(signingRequestDecider, event))
    const stands = state.workflowStatus !== 'none' && quorumReached(state)
    reached = stands ? (reached ?? event) : undefined
  }
  return reached
}
