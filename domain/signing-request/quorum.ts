import type { Sha256Digest } from '../digest.ts'
import type { UserId } from '../ids.ts'
import type { ApprovalProcess } from '../signing-policy/index.ts'

/** What the quorum depends on. */
export type QuorumQuestion = {
  readonly approval: ApprovalProcess | null
  readonly submitter: UserId
  readonly plan: { readonly digest: Sha256Digest } | null
  readonly approvals: readonly { readonly approver: UserId; readonly planDigest: Sha256Digest }[]
}

/**
 * The approvers whose approval counts: named by the policy, not the submitter (unless the policy lets the submitter
 * approve), for the plan at hand, each once.
 */
export function countedApprovers(question: QuorumQuestion): readonly UserId[] {
  const { approval, submitter, plan } = question
  if (approval === null || plan === null) return []
  const counted = question.approvals
    .filter(({ planDigest }) => planDigest === plan.digest)
    .map(({ approver }) => approver)
    .filter((approver) => approval.approvers.includes(approver))
    .filter((approver) => approver !== submitter || approval.submitterMayApprove)
  return [...new Set(counted)]
}

/** Whether enough people agreed to the plan at hand; true at once when no approval is asked for. */
export function quorumReached(question: QuorumQuestion): boolean {
  if (question.plan === null) return false
  return question.approval === null || countedApprovers(question).length >= question.approval.requiredApprovals
}
