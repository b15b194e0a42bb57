import type { Caller } from '../application/index.ts'
import { type Actor, actingUser, type GlobalRole, hasRole, Refusal, type UserId } from '../domain/index.ts'
import type { EventView } from '../projections/index.ts'

const auditors: readonly GlobalRole[] = [
  'globalReader',
  'certificateAdministrator',
  'userAdministrator',
  'projectAdministrator',
]

/**
 * Lets auditors (Global Readers) and administrators pass.
 *
 * @throws Refusal `FORBIDDEN` for everybody else
 */
export function requireAuditor(caller: Caller, what: string): void {
  if (!hasRole(caller, ...auditors))
    throw new Refusal('FORBIDDEN', `${what} is open to Global Readers and administrators only.`, {
      requiredRoles: ['globalAdministrator', ...auditors],
    })
}

/** Whether the caller may see the address that an actor came from: auditors, administrators, and everyone their own. */
export function maySeeAddress(caller: Caller, actor: Actor): boolean {
  return hasRole(caller, ...auditors) || actingUser(actor) === caller.userId
}

/** Whether the caller may see a user's e-mail address and API tokens: administrators of users, and everyone their own. */
export function maySeePrivateParts(caller: Caller, userId: UserId): boolean {
  return caller.userId === userId || hasRole(caller, 'userAdministrator')
}

/** What an event says, without what the caller may not see of other users. */
export function visibleEventData(caller: Caller, event: EventView): Readonly<Record<string, unknown>> {
  if (event.type !== 'UserCreated') return event.data
  const { email, ...rest } = event.data
  return maySeePrivateParts(caller, rest.userId as UserId) ? event.data : rest
}
