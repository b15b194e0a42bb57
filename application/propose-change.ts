import { randomUUID } from 'node:crypto'
import {
  actingUser,
  type ChangeControl,
  type ChangeProposalId,
  type ControlledRule,
  changeProposalDecider,
  type DomainEvent,
  type Instant,
  type Permission,
  type ProposedEvent,
  permissionOfRule,
  ruleChangedBy,
  streams,
  type UserId,
} from '../domain/index.ts'
import { type EventLog, type LogPosition, prepareEvents, type WholeStream } from '../event-log/index.ts'
import { initiatorOf, isSetup, metadataFor, type Requester } from './caller.ts'

/** What is to be changed, and how. */
export type DecidedChange = {
  /** The entity, as the decision knows it. */
  readonly target: { readonly streamId: string; readonly revision: WholeStream['revision'] }
  /** What was decided to happen to it. */
  readonly events: readonly DomainEvent[]
  readonly control: ChangeControl
}

/**
 * Records a change that others must approve, with exactly what is appended then.
 *
 * @throws Refusal `CHANGE_TOO_LARGE`, `TEXT_…` of the reason that the requester gives
 */
export async function proposeChange(
  { log, now }: { readonly log: EventLog; readonly now: () => Instant },
  requester: Requester,
  { target: { streamId, revision }, events, control }: DecidedChange,
): Promise<{ readonly position: LogPosition; readonly changeProposalId: ChangeProposalId }> {
  const { organizationId } = requester
  const { actor } = initiatorOf(requester)
  const changeProposalId = randomUUID() as ChangeProposalId
  const author = actingUser(actor)
  const at = now()
  const proposal = changeProposalDecider.decide(
    {
      type: 'ProposeChange',
      changeProposalId,
      organizationId,
      target: streamId,
      baseRevision: revision === 'noStream' ? null : revision,
      events: events as readonly DomainEvent<string, object>[] as readonly ProposedEvent[],
      author,
      permission: strictest(events.flatMap((event) => ruleChangedBy(event, { streamId, actor }) ?? [])),
      requiredApprovals: approvalsNeeded(control, author),
      expiresAt: new Date(Date.parse(at) + control.lifetimeSeconds * 1000).toISOString(),
      reason: isSetup(requester) ? null : (requester.changeReason ?? null),
    },
    changeProposalDecider.initialState(),
  )
  const stream = streams.changeProposal(changeProposalId)
  const prepared = prepareEvents(stream, 'noStream', proposal, metadataFor(requester, at))
  const { position } = await log.append(stream, prepared, 'noStream')
  return { position, changeProposalId }
}

/**
 * How many people must approve a change: what the operator of the machine proposes, who is nobody of the organization, one
 * more than what somebody of it does. So as many of its people want it in any case.
 */
export function approvalsNeeded({ requiredApprovals }: ChangeControl, author: UserId | null): number {
  return author === null ? requiredApprovals + 1 : requiredApprovals
}

/** Of several rules that one change changes, the permission that the fewest have. */
function strictest(rules: readonly ControlledRule[]): Permission {
  const rule = rules.find((each) => each === 'changeControl' || each === 'administrators') ?? rules[0]
  if (rule === undefined) throw new Error('The change changes no rule that is controlled.')
  return permissionOfRule[rule]
}
