import { type GlobalRole, hasRole, Refusal } from '../domain/index.ts'
import { isSetup, type Requester } from './caller.ts'

/**
 * Refuses an requester without the role.
 *
 * @throws Refusal `FORBIDDEN`
 */
export function requireRole(requester: Requester, role: GlobalRole): void {
  if (isSetup(requester) || hasRole(requester, role)) return
  const needed = role === 'globalAdministrator' ? role : `${role} or globalAdministrator`
  throw new Refusal('FORBIDDEN', `This needs the role ${needed}.`, { permission: role })
}

/**
 * Refuses who may not decide about users, or not about users with these roles: only a Global Administrator decides about
 * another one.
 *
 * @throws Refusal `FORBIDDEN`
 */
export function requireRoleOver(requester: Requester, roles: readonly GlobalRole[]): void {
  requireRole(requester, roles.includes('globalAdministrator') ? 'globalAdministrator' : 'userAdministrator')
}
