import {
  type ChangeLapsed,
  type ChangeProposal,
  type ChangeProposalCommand,
  type ChangeProposalId,
  changeProposalDecider,
  controlInForce,
  type DomainEvent,
  hasPermission,
  organizationDecider,
  parseId,
  parseStreamName,
  Refusal,
  refuseApprovalFromBuild,
  rolesForApproval,
  signingPolicyDecider,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { isOvertaken, type LogPosition, prepareEvents, readWholeStream } from '../event-log/index.ts'
import { authorize } from './authorize.ts'
import { type Caller, metadataFor } from './caller.ts'
import { canApproveChange, countPeople, samePersonAs } from './change-people.ts'
import { handleCommand } from './handle-command.ts'
import { keepAdministrator } from './keep-administrator.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { stillActive } from './principals.ts'
import { approvalsNeeded } from './propose-change.ts'

/** What is said of a proposed change. */
export type ChangeDecisionInput = { readonly changeProposalId: string; readonly comment: string | null }

/** What became of a proposed change. */
export type ChangeDecided = {
  readonly changeProposalId: ChangeProposalId
  readonly position: LogPosition
}

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'administrators'>

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
  const { position } = await send(dependencies, caller, proposal, {
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
  const { position } = await send(dependencies, caller, proposal, {
    type: 'RejectChange',
    rejectedBy: caller.userId,
    comment,
    at: dependencies.now(),
  })
  return { changeProposalId: proposal.changeProposalId, position }
}

/** Appends what was approved, and says so. */
async function applyChange(
  dependencies: Dependencies,
  caller: Caller,
  proposal: ChangeProposal,
): Promise<ChangeDecided> {
  const { log, now } = dependencies
  const { changeProposalId, target, baseRevision, events } = proposal
  await lapseWhenRefused(dependencies, caller, proposal, 'tooFewApprovals', () =>
    requireEnough(dependencies, caller, proposal),
  )
  const expected = baseRevision ?? 'noStream'
  const revision = (baseRevision ?? -1) + 1
  const metadata = { ...metadataFor(caller, now()), changeProposalId }
  const decided = events as readonly DomainEvent<string, object>[]
  const prepared = prepareEvents(target, expected, decided, metadata)
  const impending = { streamId: target, revision: expected, events: decided } as const
  await lapseWhenRefused(dependencies, caller, proposal, 'lastAdministrator', () =>
    keepAdministrator(dependencies, caller, impending),
  )
  try {
    await log.append(target, prepared, expected)
  } catch (error) {
    if (!isOvertaken(error)) throw error
    const { isApplied, currentRevision } = await findApplied(log, proposal)
    if (!isApplied) {
      await send(dependencies, caller, proposal, { type: 'LapseChange', reason: 'baseMoved', at: now() })
      throw new Refusal(
        'CHANGE_STALE',
        'What the change was proposed for has been changed since, so it cannot be applied. Propose it again.',
        { changeProposalId, basedOnRevision: baseRevision, currentRevision },
      )
    }
  }
  const { position } = await send(dependencies, caller, proposal, { type: 'ApplyChange', revision })
  return { changeProposalId, position }
}

/**
 * Asks whether a change that has its approvals may be applied. When it may not, it lapses: nobody can approve it any more, so it
 * would only wait for the day on which nobody expects it.
 *
 * @throws Refusal what the question refuses with
 */
async function lapseWhenRefused(
  dependencies: Dependencies,
  caller: Caller,
  proposal: ChangeProposal,
  reason: ChangeLapsed['data']['reason'],
  ask: () => Promise<void>,
): Promise<void> {
  try {
    await ask()
  } catch (error) {
    const isApplied = async () => (await findApplied(dependencies.log, proposal)).isApplied
    if (!(error instanceof Refusal)) throw error
    if (await isApplied()) return
    await send(dependencies, caller, proposal, { type: 'LapseChange', reason, at: dependencies.now() })
    throw error
  }
}

/** Whether what was proposed stands where it was to be appended, and how far the entity's stream goes. */
async function findApplied(log: Dependencies['log'], { changeProposalId, target, baseRevision }: ChangeProposal) {
  const { events } = await readWholeStream(log, target)
  const first = events[(baseRevision ?? -1) + 1]
  return { isApplied: first?.metadata.changeProposalId === changeProposalId, currentRevision: events.length - 1 }
}

/** Lets a change lapse that was approved, and not applied within its time. @throws Refusal `CHANGE_PROPOSAL_EXPIRED` */
async function refuseExpired(dependencies: Dependencies, caller: Caller, proposal: ChangeProposal): Promise<void> {
  const at = dependencies.now()
  const { expiresAt } = proposal
  if (at < expiresAt || (await findApplied(dependencies.log, proposal)).isApplied) return
  await send(dependencies, caller, proposal, { type: 'LapseChange', reason: 'expired', at })
  throw new Refusal(
    'CHANGE_PROPOSAL_EXPIRED',
    `The change had its approvals, but was not applied before ${expiresAt}. Propose it again.`,
    { expiresAt },
  )
}

/**
 * Refuses what was proposed when fewer approvals were needed than are now, and what somebody approved who could not any more.
 *
 * @throws Refusal `CHANGE_NOT_APPROVED`
 */
async function requireEnough({ log }: Dependencies, caller: Caller, proposal: ChangeProposal): Promise<void> {
  const { target, author } = proposal
  const organization = await loadOwn(log, streams.organization(caller.organizationId), organizationDecider, caller)
  const isPolicy = parseStreamName(target)?.kind === 'signingPolicy'
  const policy = isPolicy ? (await loadOwn(log, target, signingPolicyDecider, caller)).state : undefined
  const control = controlInForce(organization.state, policy)
  const required = control === null ? 0 : approvalsNeeded(control, author)
  const approvals = await countPeople(log, proposal)
  if (approvals < required)
    throw new Refusal(
      'CHANGE_NOT_APPROVED',
      `Changes of rules need ${required} approvals of different people by now, and this one has ${approvals} of people who could give one. Propose it again.`,
      { approvals, requiredApprovals: required },
    )
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

function send(
  dependencies: Dependencies,
  caller: Caller,
  { changeProposalId }: ChangeProposal,
  command: ChangeProposalCommand,
) {
  return handleCommand(dependencies, caller, streams.changeProposal(changeProposalId), changeProposalDecider, command)
}
