import {
  type ChangeProposal,
  type ChangeProposalId,
  changeProposalDecider,
  hasPermission,
  parseId,
  Refusal,
  refuseApprovalFromBuild,
  rolesForApproval,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { applyChange, type ChangeDecided, refuseExpired, sendToProposal } from './apply-change.ts'
import { authorize } from './authorize.ts'
import type { Caller } from './caller.ts'
import { canApproveChange, samePersonAs } from './change-people.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { stillActive } from './principals.ts'
import { forgetAfterChange } from './proposed-secrets.ts'

/** What is said of a proposed change. */
export type ChangeDecisionInput = { readonly changeProposalId: string; readonly comment: string | null }

export type { ChangeDecided } from './apply-change.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'administrators' | 'secrets'>

/**
 * Approves a proposed change. With the last approval that it takes it is applied: exactly the events that were proposed are
 * appended where they were decided. One that has its approvals and was not applied, because a process ended in between, is
 * applied now, unless its time is over.
 *
 * @throws Refusal `APPROVAL_FROM_BUILD`, `CHANGE_PROPOSAL_NOT_FOUND`, `FORBIDDEN`, `CHANGE_APPROVER_APPOINTED`, `USER_DEACTIVATED`, `LAST_ADMINISTRATOR`, `CHANGE_STALE` when the entity was changed
 *   since (the proposal lapses), and as the decider of change proposals
 */
export async function approveChange(
  dependencies: Dependencies,
  caller: Caller,
  { changeProposalId, comment }: ChangeDecisionInput,
): Promise<ChangeDecided> {
  refuseApprovalFromBuild(caller)
  const proposal = await ownProposal(dependencies, caller, changeProposalId)
  await authorizeNow(dependencies, caller, proposal)
  await requireRoleForApproval(dependencies, caller, proposal)
  if (proposal.status === 'approved') {
    await refuseExpired(dependencies, caller, proposal)
    return applyChange(dependencies, caller, proposal)
  }
  const { position } = await sendToProposal(dependencies, caller, proposal, {
    type: 'ApproveChange',
    approver: { userId: caller.userId, kind: caller.kind },
    samePersonAs: await samePersonAs(dependencies.log, caller, proposal),
    comment,
    noLongerAllowed: await noLongerAllowed(dependencies, caller, proposal),
    at: dependencies.now(),
  })
  const approved = await ownProposal(dependencies, caller, changeProposalId)
  if (approved.status === 'approved') return applyChange(dependencies, caller, approved)
  return { changeProposalId: proposal.changeProposalId, position }
}

/**
 * Rejects a proposed change, or takes it back: whoever might approve it may, and its author.
 *
 * @throws Refusal `CHANGE_PROPOSAL_NOT_FOUND`, `FORBIDDEN`, `USER_DEACTIVATED`, and as the decider of change proposals
 */
export async function rejectChange(
  dependencies: Dependencies,
  caller: Caller,
  { changeProposalId, comment }: ChangeDecisionInput,
): Promise<ChangeDecided> {
  const proposal = await ownProposal(dependencies, caller, changeProposalId)
  if (proposal.author !== caller.userId) await authorizeNow(dependencies, caller, proposal)
  else await stillActive(dependencies.log, caller)
  const { position } = await sendToProposal(dependencies, caller, proposal, {
    type: 'RejectChange',
    rejectedBy: caller.userId,
    comment,
    at: dependencies.now(),
  })
  await forgetAfterChange(dependencies, proposal)
  return { changeProposalId: proposal.changeProposalId, position }
}

/** Those whose approvals do not count any more: who was deactivated, or has lost the role. */
async function noLongerAllowed(
  { log }: Dependencies,
  caller: Caller,
  { approvals, permission }: ChangeProposal,
): Promise<readonly UserId[]> {
  const gone: UserId[] = []
  for (const { approver } of approvals) {
    const { state } = await loadOwn(log, streams.user(approver), userDecider, caller)
    if (!canApproveChange(state, permission)) gone.push(approver)
  }
  return gone
}

/** @throws Refusal `FORBIDDEN`, `USER_DEACTIVATED`: by the roles that the caller has now */
async function authorizeNow({ log }: Dependencies, caller: Caller, { permission }: ChangeProposal): Promise<void> {
  authorize({ ...caller, ...(await stillActive(log, caller)) }, permission)
}

/** Refuses who has the permission by nothing but an appointment. @throws Refusal `CHANGE_APPROVER_APPOINTED` */
async function requireRoleForApproval(
  { log }: Dependencies,
  caller: Caller,
  { permission }: ChangeProposal,
): Promise<void> {
  const { state } = await loadOwn(log, streams.user(caller.userId), userDecider, caller)
  if (state.status === 'none' || hasPermission({ ...state, roles: rolesForApproval(state) }, permission)) return
  throw new Refusal(
    'CHANGE_APPROVER_APPOINTED',
    'The operator of the machine alone made you Global Administrator, so you are not one of the others who must approve a change. Have the role given to you by a change that others approve.',
  )
}

async function ownProposal({ log }: Dependencies, caller: Caller, id: string): Promise<ChangeProposal> {
  const changeProposalId = parseId<ChangeProposalId>(id, 'The change proposal id')
  const { state } = await loadOwn(log, streams.changeProposal(changeProposalId), changeProposalDecider, caller)
  if (state.status === 'none')
    throw new Refusal('CHANGE_PROPOSAL_NOT_FOUND', `There is no proposed change ${changeProposalId}.`)
  return state
}
