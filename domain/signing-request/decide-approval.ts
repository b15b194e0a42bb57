import type { Instant } from '../event.ts'
import type { UserId } from '../ids.ts'
import { type PrincipalReference, referencesTo } from '../principal-reference.ts'
import { Refusal } from '../refusal.ts'
import { parseText } from '../text.ts'
import type { Approve, ApproveByGrant, Deny } from './commands.ts'
import type { SigningRequestEvent } from './events.ts'
import { mayApproveOwn, type PeopleOfAccount, peopleInCommon, submittingAccount } from './quorum.ts'
import type { SigningRequest } from './state.ts'

/** An approval, by a person or by a grant. */
export function approve(command: Approve | ApproveByGrant, request: SigningRequest): readonly SigningRequestEvent[] {
  const { approver, planDigest } = command
  const approval = requireWaiting(request)
  const isByGrant = command.type === 'ApproveByGrant'
  const submitters = peopleInCommon(command, submittingAccount(request))
  if (!mayApproveOwn(isByGrant ? command : {}, approval) && submitters.length > 0)
    throw new Refusal(
      'SUBMITTER_MAY_NOT_APPROVE',
      `Who submitted a request, by whatever account, may not approve it ${isByGrant ? 'in advance' : 'under this policy'}.${behindBoth(command, submitters, 'the submission')}`,
      { people: submitters },
    )
  const through = requireApprover(command, approval)
  if (request.plan?.digest !== planDigest)
    throw new Refusal(
      'PLAN_DIGEST_MISMATCH',
      `The approval names another plan than the request has. Look at the plan again and approve ${request.plan?.digest}.`,
      { expected: request.plan?.digest ?? null, actual: planDigest },
    )
  for (const given of request.approvals) {
    const people = peopleInCommon(given, command)
    if (people.length > 0)
      throw new Refusal(
        'ALREADY_APPROVED',
        `You have approved this request already; each person counts once.${behindBoth(command, people, 'that approval')}`,
        { people },
      )
  }
  const comment = isByGrant ? null : parseText(command.comment, 'The comment')
  const byGrant = isByGrant ? { schemaVersion: 3, grantId: command.grantId } : {}
  const given = { ...withPeople(command), ...byGrant }
  return [{ type: 'ApprovalGranted', data: { ...given, approver, through, planDigest, comment } }]
}

/** Who it is, where the account does not say it: a tool is refused because of people that it does not know. */
function behindBoth({ approver }: PeopleOfAccount, people: readonly UserId[], what: string): string {
  if (people.includes(approver)) return ''
  return ` Behind this account and behind ${what} is the user ${people.join(' and the user ')}: whoever answers for an account, or made its token, counts as its person.`
}

/** A denial. */
export function deny(command: Deny, request: SigningRequest): readonly SigningRequestEvent[] {
  const { approver } = command
  const approval = requireWaiting(request)
  const through = requireApprover(command, approval)
  return [
    {
      type: 'ApprovalDenied',
      data: { schemaVersion: 1, approver, through, comment: parseText(command.comment, 'The comment') },
    },
  ]
}

/** @throws Refusal `APPROVAL_DEADLINE_MISMATCH` when the moment is not that at which the approval of the request ends */
export function requireDeadline(deadline: Instant, { plan }: SigningRequest): void {
  const expected = plan?.approvalDeadline ?? null
  if (deadline !== expected)
    throw new Refusal(
      'APPROVAL_DEADLINE_MISMATCH',
      `The approval of this request ends at ${expected ?? 'no moment'}, not at ${deadline}.`,
      { expected, actual: deadline },
    )
}

/** The people behind an account, and the form of an event with them: the first where there are none. */
export function withPeople({ peopleBehind = [] }: { readonly peopleBehind?: readonly UserId[] }) {
  return peopleBehind.length === 0 ? { schemaVersion: 1 } : { schemaVersion: 2, peopleBehind }
}

/** @throws Refusal `NOT_WAITING_FOR_APPROVAL` */
export function requireWaiting(request: SigningRequest): NonNullable<SigningRequest['approval']> {
  if (request.workflowStatus !== 'WaitingForApproval' || request.approval === null)
    throw new Refusal(
      'NOT_WAITING_FOR_APPROVAL',
      `The signing request is not waiting for approval; it is ${request.workflowStatus}.`,
      { workflowStatus: request.workflowStatus },
    )
  return request.approval
}

/** The approvers of the policy that name who decides. */
function requireApprover(
  { approver, groups }: Pick<Approve, 'approver' | 'groups'>,
  { approvers }: NonNullable<SigningRequest['approval']>,
): readonly PrincipalReference[] {
  const through = referencesTo(approvers, { userId: approver, groups })
  if (through.length === 0)
    throw new Refusal(
      'NOT_AN_APPROVER',
      'You are not an approver of the policy version of this request, nor a member of a group that is.',
    )
  return through
}
