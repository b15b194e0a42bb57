import type { UserId } from './ids.ts'
import { type PrincipalReference, type ReferencedUser, referencesTo } from './principal-reference.ts'

/** Roles that hold for the whole organization. A user without one is a Regular User. */
export const globalRoles = [
  'globalAdministrator',
  'certificateAdministrator',
  'userAdministrator',
  'projectAdministrator',
  'globalReader',
] as const

/** A role that holds for the whole organization. */
export type GlobalRole = (typeof globalRoles)[number]

/** What a decision about permissions needs to know of a user. */
export type Principal = ReferencedUser & { readonly roles: readonly GlobalRole[] }

/** Whether the user holds one of the roles; a Global Administrator counts as having all of them. */
export function hasRole(principal: Pick<Principal, 'roles'>, ...roles: readonly GlobalRole[]): boolean {
  return principal.roles.includes('globalAdministrator') || roles.some((role) => principal.roles.includes(role))
}

/** Who is named by a policy. */
export type PolicyMembers = {
  readonly submitters: readonly PrincipalReference[]
  readonly approval: { readonly approvers: readonly PrincipalReference[] } | null
}

/** Everybody whom a policy names. */
export function membersOf({ submitters, approval }: PolicyMembers): readonly PrincipalReference[] {
  return [...submitters, ...(approval?.approvers ?? [])]
}

/** Whether the user may submit to the policy: only its submitters may, whatever their role. */
export function maySubmit(principal: Principal, policy: PolicyMembers): boolean {
  return referencesTo(policy.submitters, principal).length > 0
}

/** Whether the user may cancel a request: its submitter, and administrators of projects. */
export function mayCancel(principal: Pick<Principal, 'userId' | 'roles'>, submitter: UserId): boolean {
  return principal.userId === submitter || hasRole(principal, 'projectAdministrator')
}

/** Whether the user may download a request's artifacts, signed or not. Configuration and metadata are open to all users. */
export function mayReadArtifacts(principal: Principal, policy: PolicyMembers): boolean {
  return (
    hasRole(principal, 'projectAdministrator', 'globalReader') || referencesTo(membersOf(policy), principal).length > 0
  )
}
