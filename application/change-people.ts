import {
  type Actor,
  actingUser,
  type ChangeProposal,
  fold,
  hasPermission,
  peopleBehind,
  quorumEvent,
  rolesForApproval,
  streams,
  type UserId,
  type UserState,
  userDecider,
} from '../domain/index.ts'
import { before, type EventLog, type RecordedEvent, readWholeStream } from '../event-log/index.ts'
import { type Caller, initiatorOf } from './caller.ts'

/**
 * Of the author of a change and those who have approved it, the accounts that a caller is the same person as: who is
 * responsible for a CI user or made a token is behind what is done with it, as for approvals of signing requests.
 */
export async function samePersonAs(
  log: EventLog,
  caller: Caller,
  proposal: ChangeProposal,
): Promise<readonly UserId[]> {
  const people = await peopleOf(log, initiatorOf(caller).actor)
  const same: UserId[] = []
  for (const [account, others] of await peopleOfDecisions(log, proposal))
    if ([...others].some((person) => people.has(person))) same.push(account)
  return same
}

/** Whether a user can approve changes that need a permission: is active, and has it by more than an appointment. */
export function canApproveChange(user: UserState, permission: ChangeProposal['permission']): boolean {
  return user.status === 'active' && hasPermission({ ...user, roles: rolesForApproval(user) }, permission)
}

/**
 * How many different people stand for the approvals of a change, besides the person who proposed it. Of those who approved it count
 * those who could, by the log, when the last approval came: who was deactivated at the moment of their approval may be so before
 * it, and the signer does not count them either.
 */
export async function countPeople(log: EventLog, proposal: ChangeProposal): Promise<number> {
  const decisions = await peopleOfDecisions(log, proposal)
  const quorum = quorumEvent((await readWholeStream(log, streams.changeProposal(proposal.changeProposalId))).events)
  const counted = new Set(proposal.author === null ? [] : decisions.get(proposal.author))
  let count = 0
  for (const { approver } of proposal.approvals) {
    const people = decisions.get(approver) ?? new Set([approver])
    if ([...people].some((person) => counted.has(person))) continue
    if (quorum !== undefined && !(await couldApprove(log, approver, proposal.permission, quorum))) continue
    for (const person of people) counted.add(person)
    count += 1
  }
  return count
}

async function couldApprove(
  log: EventLog,
  approver: UserId,
  permission: ChangeProposal['permission'],
  quorum: RecordedEvent,
): Promise<boolean> {
  const { events } = await readWholeStream(log, streams.user(approver))
  return canApproveChange(fold(userDecider, before(quorum, events)), permission)
}

/** The people behind the author and each approver whose approval stands, by the account. */
async function peopleOfDecisions(
  log: EventLog,
  { changeProposalId, approvals }: ChangeProposal,
): Promise<ReadonlyMap<UserId, ReadonlySet<UserId>>> {
  const { events } = await readWholeStream(log, streams.changeProposal(changeProposalId))
  const isDecision = ({ type, data }: RecordedEvent) =>
    type === 'ChangeProposed' ||
    (type === 'ChangeApproved' && approvals.some(({ approver }) => approver === data.approver))
  const people = new Map<UserId, ReadonlySet<UserId>>()
  for (const { metadata } of events.filter(isDecision)) {
    const account = actingUser(metadata.actor)
    if (account !== null) people.set(account, await peopleOf(log, metadata.actor))
  }
  return people
}

async function peopleOf(log: EventLog, actor: Actor): Promise<ReadonlySet<UserId>> {
  const userId = actingUser(actor)
  if (userId === null) return new Set()
  const historyOf = async (id: UserId) => (await readWholeStream(log, streams.user(id))).events
  return new Set([userId, ...(await peopleBehind(userId, actor, historyOf))])
}
