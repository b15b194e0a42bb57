import { Refusal } from '../refusal.ts'
import { type Permission, permissionRule } from './permissions.ts'
import type { Relation } from './relations.ts'
import type { GlobalRole } from './roles.ts'

/** Whether a user with these roles has a permission, who is all of `to` to the thing that is asked for. */
export function hasPermission(
  user: { readonly roles: readonly GlobalRole[] },
  permission: Permission,
  to: readonly Relation[] = [],
): boolean {
  const { everyUser, roles, relations } = permissionRule(permission)
  return (
    everyUser === true ||
    user.roles.some((role) => roles.includes(role)) ||
    to.some((relation) => relations.includes(relation))
  )
}

/**
 * Whether a user may have a permission for some things and not for others: then only whoever knows the thing can say.
 */
export function dependsOnRelation(user: { readonly roles: readonly GlobalRole[] }, permission: Permission): boolean {
  return !hasPermission(user, permission) && permissionRule(permission).relations.length > 0
}

/**
 * Refuses who does not have a permission.
 *
 * @throws Refusal `FORBIDDEN`, which says whom it needs
 */
export function requirePermission(
  user: { readonly roles: readonly GlobalRole[] },
  permission: Permission,
  to: readonly Relation[] = [],
): void {
  if (hasPermission(user, permission, to)) return
  const { to: what, roles, relations } = permissionRule(permission)
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
