import { type GlobalRole, hasRole, Refusal } from '../domain/index.ts'
import { type Initiator, isSetup } from './initiator.ts'

/**
 * Refuses an initiator without the role.
 *
 * @throws Refusal `FORBIDDEN`
 */
export function requireRole(initiator: Initiator, role: GlobalRole): void {
  if (isSetup(initiator) || hasRole(initiator, role)) return
  const needed = role === 'globalAdministrator' ? role : `${role} or globalAdministrator`
  throw new Refusal('FORBIDDEN', `This needs the role ${needed}.`, { permission: role })
}
