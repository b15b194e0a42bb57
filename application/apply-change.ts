import {
  type ChangeLapsed,
  type ChangeProposal,
  type ChangeProposalCommand,
  type ChangeProposalId,
  changeProposalDecider,
  controlInForce,
  type DomainEvent,
  organizationDecider,
  parseStreamName,
  Refusal,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import { isOvertaken, type LogPosition, prepareEvents, readWholeStream } from '../event-log/index.ts'
import { type Caller, metadataFor } from './caller.ts'
import { countPeople } from './change-people.ts'
import { handleCommand } from './handle-command.ts'
import { keepAdministrator } from './keep-administrator.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { approvalsNeeded } from './propose-change.ts'
import { forgetAfterChange, keepForGood } from './proposed-secrets.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'administrators' | 'secrets'>

/** What became of a proposed change. */
export type ChangeDecided = {
  readonly changeProposalId: ChangeProposalId
  readonly position: LogPosition
}

/** Appends what was approved, and says so. @throws Refusal `CHANGE_STALE`, `CHANGE_NOT_APPROVED`, `LAST_ADMINISTRATOR`: it lapses then */
export async function applyChange(
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
  await keepForGood(dependencies, proposal)
  try {
    await log.append(target, prepared, expected)
  } catch (error) {
    if (!isOvertaken(error)) throw error
    const { isApplied, currentRevision } = await findApplied(log, proposal)
    if (!isApplied) {
      await lapse(dependencies, caller, proposal, 'baseMoved')
      throw new Refusal(
        'CHANGE_STALE',
        'What the change was proposed for has been changed since, so it cannot be applied. Propose it again.',
        { changeProposalId, basedOnRevision: baseRevision, currentRevision },
      )
    }
  }
  const { position } = await sendToProposal(dependencies, caller, proposal, { type: 'ApplyChange', revision })
  await forgetAfterChange(dependencies, proposal)
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
    await lapse(dependencies, caller, proposal, reason)
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
export async function refuseExpired(
  dependencies: Dependencies,
  caller: Caller,
  proposal: ChangeProposal,
): Promise<void> {
  const at = dependencies.now()
  const { expiresAt } = proposal
  if (at < expiresAt || (await findApplied(dependencies.log, proposal)).isApplied) return
  await lapse(dependencies, caller, proposal, 'expired')
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

/** Ends a change that will not be applied. */
async function lapse(
  dependencies: Dependencies,
  caller: Caller,
  proposal: ChangeProposal,
  reason: ChangeLapsed['data']['reason'],
): Promise<void> {
  await sendToProposal(dependencies, caller, proposal, { type: 'LapseChange', reason, at: dependencies.now() })
  await forgetAfterChange(dependencies, proposal)
}

/** Has a proposed change decide a command. @throws Refusal as its decider */
export function sendToProposal(
  dependencies: Dependencies,
  caller: Caller,
  { changeProposalId }: ChangeProposal,
  command: ChangeProposalCommand,
) {
  return handleCommand(dependencies, caller, streams.changeProposal(changeProposalId), changeProposalDecider, command)
}
