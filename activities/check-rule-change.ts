import {
  type Actor,
  actingUser,
  type ChangeControl,
  type ChangeControlChanged,
  issueOf,
  type OrganizationId,
  ownToken,
  parseStreamName,
  permissionOfRule,
  Refusal,
  ruleChangedBy,
  type SigningPolicySettings,
  streams,
} from '../domain/index.ts'
import { before, type RecordedEvent } from '../event-log/index.ts'
import { faultOfApproval } from './approval-of-change.ts'
import { eventsOf } from './change-history.ts'
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
  const fault = await faultOf(log, organizationId, event)
  if (fault === undefined) return
  const { streamId, revision, type } = event
  throw new Refusal(
    'RULE_CHANGE_NOT_APPROVED',
    `The organization controls changes of its rules, and ${type} in ${streamId}, revision ${revision}, ${fault}.`,
    { streamId, revision },
  )
}

/**
 * Whoever caused an event must have had their account by the rules: reactivated as the organization demanded it then, and with a
 * token that they made themselves, or that others agreed to; so must the token have been by which they made it, and so on.
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
  for (const issued of tokensBehind(history, actor)) await requireApprovedChange(log, organizationId, issued)
}

/** The events that made the token of an event, and those by which it was made in turn, as far as its user made them. */
function tokensBehind(history: readonly RecordedEvent[], actor: Actor): readonly RecordedEvent[] {
  const userId = actingUser(actor)
  const made: RecordedEvent[] = []
  for (let by = actor; userId !== null; ) {
    const tokenId = ownToken(userId, by)
    const issued = tokenId === undefined ? undefined : issueOf(history, tokenId)
    if (issued === undefined || made.includes(issued)) break
    made.push(issued)
    by = issued.metadata.actor
  }
  return made
}

/**
 * What is wrong with a change, as the end of a sentence about it; nothing when it holds. Each is looked at once in a decision:
 * those who approved it were given their roles by changes that others approved, who were given theirs, and so on.
 */
function faultOf(log: GroundsLog, organizationId: OrganizationId, event: RecordedEvent): Promise<string | undefined> {
  const name = `${event.streamId} ${event.revision}`
  const fault = log.faultsOfChanges.get(name) ?? findFault(log, organizationId, event)
  log.faultsOfChanges.set(name, fault)
  return fault
}

async function findFault(
  log: GroundsLog,
  organizationId: OrganizationId,
  event: RecordedEvent,
): Promise<string | undefined> {
  const rule = ruleChangedBy(event, { streamId: event.streamId, actor: event.metadata.actor })
  if (rule === undefined) return undefined
  const demanded = await approvalsDemanded(log, organizationId, event)
  if (demanded === 0) return undefined
  const isApproved = async (change: RecordedEvent) => (await faultOf(log, organizationId, change)) === undefined
  const question = { log, organizationId, isApproved, hasApprovedAccount }
  return faultOfApproval(question, { event, permission: permissionOfRule[rule], demanded })

  async function hasApprovedAccount(history: readonly RecordedEvent[], caused: RecordedEvent): Promise<boolean> {
    // Whom the operator of the machine has added has a token of the operator's; the role by which they approve they need besides.
    const isOperators = isByOperator(history[0])
    for (const issued of tokensBehind(history, caused.metadata.actor))
      if (!(isOperators && isByOperator(issued)) && !(await isApproved(issued))) return false
    const reactivated = history.findLast(({ type }) => type === 'UserReactivated')
    return reactivated === undefined || isByOperator(reactivated) || isApproved(reactivated)
  }
}

/** Whether the operator of the machine caused an event. */
function isByOperator(event: RecordedEvent | undefined): boolean {
  const actor = event?.metadata.actor
  return actor?.kind === 'system' && actor.component === 'operator'
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
    if (next === undefined || (next < demanded && (await faultOf(log, id, event)) !== undefined)) continue
    demanded = next
  }
  return demanded
}
