import { Refusal } from '../refusal.ts'
import { type Permission, permissionRule } from './permissions.ts'
import type { Relation } from './relations.ts'
import type { GlobalRole } from './roles.ts'
import { type ApiTokenScope, requireScope, scopeAllows } from './token-scope.ts'

/** Who asks, as far as permissions are concerned. */
export type Permitted = {
  readonly roles: readonly GlobalRole[]
  /** What the token of the call is limited to; nothing, or `null`, when it is not, or when no token was used. */
  readonly scope?: ApiTokenScope | null
}

/** Whether a user with these roles has a permission, who is all of `to` to the thing that is asked for. */
export function hasPermission(user: Permitted, permission: Permission, to: readonly Relation[] = []): boolean {
  const { everyUser, roles, relations } = permissionRule(permission)
  return (
    scopeAllows(user.scope, permission) &&
    (everyUser === true ||
      user.roles.some((role) => roles.includes(role)) ||
      to.some((relation) => relations.includes(relation)))
  )
}

/**
 * Whether a user may have a permission for some things and not for others: then only whoever knows the thing can say.
 */
export function dependsOnRelation(user: Permitted, permission: Permission): boolean {
  return (
    scopeAllows(user.scope, permission) &&
    !hasPermission(user, permission) &&
    permissionRule(permission).relations.length > 0
  )
}

/**
 * Refuses who does not have a permission.
 *
 * @throws Refusal `FORBIDDEN`, which says whom it needs; `API_TOKEN_SCOPE_EXCEEDED`
 */
export function requirePermission(user: Permitted, permission: Permission, to: readonly Relation[] = []): void {
  if (hasPermission(user, permission, to)) return
  const { to: what, roles, relations } = permissionRule(permission)
  requireScope(user.scope, permission, what)
  const needed = [...roles.map((role) => `the role ${role}`), ...relations.map((relation) => descriptions[relation])]
  throw new Refusal('FORBIDDEN', `You may not ${what}. That needs ${oneOf(needed)}.`, { permission, roles, relations })
}

const descriptions: Readonly<Record<Relation, string>> = {
  self: 'to be the user concerned',
  submitter: 'to be a submitter of the signing policy',
  approver: 'to be an approver of the signing policy',
  requester: 'to have submitted the request',
  reader: 'to be a reader of the project',
  configurator: 'to be a configurator of the project',
}

function oneOf(alternatives: readonly string[]): string {
  if (alternatives.length < 2) return alternatives.join('')
  return `${alternatives.slice(0, -1).join(', ')} or ${alternatives.at(-1)}`
}
