import type { Sha256Digest } from '../digest.ts'
import type { GrantId, UserId } from '../ids.ts'
import { type PrincipalReference, referenceKey } from '../principal-reference.ts'
import type { ApprovalProcess } from '../signing-policy/index.ts'

/** What the quorum needs to know of an approval. */
export type GivenApproval = {
  readonly approver: UserId
  readonly through: readonly PrincipalReference[]
  readonly planDigest: Sha256Digest
  /** The people behind the account, besides itself; nobody when it is left out. */
  readonly peopleBehind?: readonly UserId[]
  /** The grant by which it was given in advance, if it was. */
  readonly grantId?: GrantId
}

/** What the quorum depends on. */
export type QuorumQuestion<Given extends GivenApproval = GivenApproval> = {
  readonly approval: ApprovalProcess | null
  readonly submitter: UserId
  /** The people behind the submitter's account, besides itself; nobody when it is left out. */
  readonly peopleBehind?: readonly UserId[]
  readonly plan: { readonly digest: Sha256Digest } | null
  readonly approvals: readonly Given[]
}

/**
 * The approvals that count: through an approver that the policy names, not by the person behind the submission, by
 * whatever account (unless the policy lets the submitter approve, by hand and not by a grant), for the plan at hand, and one a person, however many groups
 * name them and accounts they have: of several the first. That members of groups were
 * members is for whoever reads the log to see; nothing here knows groups.
 */
export function countedApprovals<Given extends GivenApproval>(question: QuorumQuestion<Given>): readonly Given[] {
  const { approval, plan } = question
  if (approval === null || plan === null) return []
  const given = question.approvals
    .filter(({ planDigest }) => planDigest === plan.digest)
    .filter((each) => entitlements(each, approval).length > 0)
    .filter((each) => mayApproveOwn(each, approval) || !isBySubmitter(each, question))
  const counted: Given[] = []
  for (const each of new Map(given.map((approval) => [approval.approver, approval])).values())
    if (!counted.some((other) => sharePerson(each, other))) counted.push(each)
  return counted
}

/** Whether an approval counts for its giver's own submissions: the policy lets it, and they saw what they approve. */
export function mayApproveOwn(
  { grantId }: { readonly grantId?: GrantId },
  { submitterMayApprove }: Pick<ApprovalProcess, 'submitterMayApprove'>,
): boolean {
  return submitterMayApprove && grantId === undefined
}

/** An account, and the people behind it. */
export type PeopleOfAccount = { readonly approver: UserId; readonly peopleBehind?: readonly UserId[] }

/** Whether the same person is behind two accounts, or they are one. */
export function sharePerson(one: PeopleOfAccount, other: PeopleOfAccount): boolean {
  return peopleInCommon(one, other).length > 0
}

/** Who is behind both of two accounts, the accounts themselves among them. */
export function peopleInCommon(one: PeopleOfAccount, other: PeopleOfAccount): readonly UserId[] {
  const people = new Set([one.approver, ...(one.peopleBehind ?? [])])
  return [other.approver, ...(other.peopleBehind ?? [])].filter((person) => people.has(person))
}

/** The account that submitted, with the people behind it. */
export function submittingAccount({
  submitter,
  peopleBehind,
}: Pick<QuorumQuestion, 'submitter' | 'peopleBehind'>): PeopleOfAccount {
  return { approver: submitter, peopleBehind: peopleBehind ?? [] }
}

/** Whether an account is of a person who is behind the submission. */
export function isBySubmitter(
  account: PeopleOfAccount,
  submission: Pick<QuorumQuestion, 'submitter' | 'peopleBehind'>,
): boolean {
  return sharePerson(account, submittingAccount(submission))
}

/** Those of the references that an approval was given through that the policy names, and that can be the approver's. */
export function entitlements(
  { approver, through }: Pick<GivenApproval, 'approver' | 'through'>,
  { approvers }: Pick<ApprovalProcess, 'approvers'>,
): readonly PrincipalReference[] {
  const named = new Set(approvers.map(referenceKey))
  return through.filter((each) => named.has(referenceKey(each)) && (!('user' in each) || each.user === approver))
}

/**
 * Whether enough people agreed to the plan at hand; true at once when no approval is asked for. Where it is, one person at
 * the least must have agreed, whatever the number that the policy says.
 */
export function quorumReached(question: QuorumQuestion): boolean {
  if (question.plan === null) return false
  if (question.approval === null) return true
  return countedApprovals(question).length >= Math.max(1, question.approval.requiredApprovals)
}
