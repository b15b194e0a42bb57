import type { CertificateId, GroupId, UserId } from '../ids.ts'
import { groupsNamed, usersNamed } from '../principal-reference.ts'
import type { SigningRequest } from './state.ts'

/** What becomes of a request that is not over depends on these: without them it waits, loses approvals, or ends. */
export type RequestDependencies = {
  readonly certificateId: CertificateId
  /** Who submitted it, who may approve it by their own name, and who has. */
  readonly users: readonly UserId[]
  /** Whose members may approve it. */
  readonly groups: readonly GroupId[]
}

/** What a request depends on, besides its project and its signing policy. */
export function dependenciesOf({
  certificateId,
  submitter,
  approval,
  approvals,
}: Pick<SigningRequest, 'certificateId' | 'submitter' | 'approval' | 'approvals'>): RequestDependencies {
  const approvers = approval?.approvers ?? []
  const users = new Set([submitter, ...usersNamed(approvers), ...approvals.map(({ approver }) => approver)])
  return { certificateId, users: [...users], groups: groupsNamed(approvers) }
}
