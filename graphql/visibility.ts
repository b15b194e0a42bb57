import type { Caller } from '../application/index.ts'
import {
  type Actor,
  actingUser,
  displayName,
  type GlobalRole,
  hasRole,
  Refusal,
  type UserCreated,
  type UserId,
} from '../domain/index.ts'
import type { EventView } from '../projections/index.ts'
import type { GraphQLContext } from './context.ts'
import { readPerson } from './person.ts'
import { UserRef } from './refs.ts'

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

/**
 * What an event says, without what the caller may not see of other users. What is sealed is given as it can be read now:
 * no event has the name of somebody who was erased since.
 */
export async function visibleEventData(
  { type, data }: EventView,
  context: GraphQLContext,
): Promise<Readonly<Record<string, unknown>>> {
  if (type !== 'UserCreated') return data
  const { caller } = context
  const { name, email, userId, ...rest } = data as UserCreated['data']
  const user = await UserRef.getDataloader(context).load(userId)
  const { organizationId } = caller
  const person = await readPerson({ organizationId, userId, name, email, erased: user?.erased ?? false }, context)
  const shown = { ...rest, userId, name: displayName(userId, person) }
  if (!maySeePrivateParts(caller, userId)) return shown
  return { ...shown, email: person.status === 'readable' ? person.email : null }
}
