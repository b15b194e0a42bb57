import type { UserId } from '../ids.ts'
import { type PrincipalReference, type ReferencedUser, referencesTo } from '../principal-reference.ts'
import type { GlobalRole } from './roles.ts'

/** What a decision about permissions needs to know of a user. */
export type Principal = ReferencedUser & { readonly roles: readonly GlobalRole[] }

/**
 * What a user is to the thing that is asked for, besides their global roles:
 * - `self`: it is about the user;
 * - `submitter`, `approver`: the signing policy names the user, or a group of theirs, as one who may submit or approve;
 * - `requester`: the user submitted the signing request;
 * - `reader`, `configurator`: the project names the user, or a group of theirs, as one.
 */
export const relations = ['self', 'submitter', 'approver', 'requester', 'reader', 'configurator'] as const

/** What a user is to the thing that is asked for. */
export type Relation = (typeof relations)[number]

/** Who is named by a signing policy, or by the version of it that a request was submitted under. */
export type PolicyMembers = {
  readonly submitters: readonly PrincipalReference[]
  readonly approval: { readonly approvers: readonly PrincipalReference[] } | null
}

/** Everybody whom a policy names. */
export function membersOf({ submitters, approval }: PolicyMembers): readonly PrincipalReference[] {
  return [...submitters, ...(approval?.approvers ?? [])]
}

/** What a user is to a signing policy. */
export function relationsToPolicy(user: ReferencedUser, { submitters, approval }: PolicyMembers): readonly Relation[] {
  const named: Relation[] = []
  if (referencesTo(submitters, user).length > 0) named.push('submitter')
  if (referencesTo(approval?.approvers ?? [], user).length > 0) named.push('approver')
  return named
}

/** What a user is to a signing request, as far as the request itself says so. */
export function relationsToRequest(user: ReferencedUser, request: RequestMembers): readonly Relation[] {
  const requester: readonly Relation[] = user.userId === request.submitter ? ['requester'] : []
  return [...requester, ...relationsToPolicy(user, { submitters: [], approval: request.approval })]
}

/** Whom a project names. */
export type MembersOfProject = {
  readonly readers: readonly PrincipalReference[]
  readonly configurators: readonly PrincipalReference[]
}

/** What a user is to a project. */
export function relationsToProject(
  user: ReferencedUser,
  { readers, configurators }: MembersOfProject,
): readonly Relation[] {
  const named: Relation[] = []
  if (referencesTo(readers, user).length > 0) named.push('reader')
  if (referencesTo(configurators, user).length > 0) named.push('configurator')
  return named
}

/** Who submitted a signing request, and whom its policy version asks. */
export type RequestMembers = Pick<PolicyMembers, 'approval'> & { readonly submitter: UserId }
