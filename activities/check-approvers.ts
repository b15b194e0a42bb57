import {
  type Approval,
  actingUser,
  asEventOf,
  countedApprovals,
  entitlements,
  fold,
  groupDecider,
  isMember,
  type PrincipalReference,
  quorumReached,
  Refusal,
  type SigningRequest,
  type SigningRequestState,
  signingRequestDecider,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { type EventLog, type RecordedEvent, readNamedStream, readWholeStream } from '../event-log/index.ts'

/** What the checks read through: all of it is among the grounds. */
export type GroundsLog = Pick<EventLog, 'readStream'>

/**
 * Every approval that counts must be by the approver's own hand, who was active when the quorum was reached.
 *
 * @throws Refusal `APPROVAL_NOT_BY_APPROVER`, `APPROVER_UNKNOWN`, `APPROVER_DEACTIVATED`, `APPROVER_NOT_IN_GROUP`
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
    if (granted === undefined || actingUser(granted.metadata.actor) !== approver)
      throw new Refusal('APPROVAL_NOT_BY_APPROVER', `An approval in the name of ${approver} was not made by them.`)
    await checkApprover(log, request, approval, [granted, reached])
  }
}

/** @param moments when the approval was given, and when the quorum was reached with it */
async function checkApprover(
  log: GroundsLog,
  request: SigningRequest,
  approval: Approval,
  moments: readonly (RecordedEvent | undefined)[],
): Promise<void> {
  const { approver } = approval
  const { events } = await readWholeStream(log, streams.user(approver))
  const user = fold(userDecider, upTo(moments.at(-1), events))
  if (user.status === 'none' || user.organizationId !== request.organizationId)
    throw new Refusal('APPROVER_UNKNOWN', `The log knows no approver ${approver} in this organization.`)
  if (user.status === 'deactivated')
    throw new Refusal('APPROVER_DEACTIVATED', `The user ${approver} was deactivated before the quorum was reached.`)
  const through = request.approval === null ? [] : entitlements(approval, request.approval)
  if (!(await isNamed(log, request, through, approver, moments)))
    throw new Refusal(
      'APPROVER_NOT_IN_GROUP',
      `The user ${approver} was not in the group that the approval was given through, or left it before the quorum was reached.`,
    )
}

/** Whether one of the references named a user at each of some moments: themselves, or as a member of the group then. */
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
    if (moments.every((moment) => isMember(fold(groupDecider, upTo(moment, events)), organizationId, user))) return true
  }
  return false
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
