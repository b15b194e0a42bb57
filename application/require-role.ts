import { type GlobalRole, hasRole, Refusal } from '../domain/index.ts'
import { type Initiator, isSetup } from './initiator.ts'

/**
 * Refuses an initiator without one of the roles.
 *
 * @throws Refusal `FORBIDDEN`
 */
export function requireRole(initiator: Initiator, ...roles: readonly GlobalRole[]): void {
  if (isSetup(initiator) || hasRole(initiator, ...roles)) return
  throw new Refusal('FORBIDDEN', `This needs the role ${roles.join(' or ')}, or globalAdministrator.`, {
    permission: roles,
  })
}
