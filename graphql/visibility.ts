import { displayName, hasPermission, type UserCreated } from '../domain/index.ts'
import type { EventView } from '../projections/index.ts'
import type { GraphQLContext } from './context.ts'
import { readPerson } from './person.ts'
import { UserRef } from './refs.ts'

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
  if (!hasPermission(caller, 'readPrivateUserData', caller.userId === userId ? ['self'] : [])) return shown
  return { ...shown, email: person.status === 'readable' ? person.email : null }
}
