import { Refusal, streams, type UserId, userDecider } from '../domain/index.ts'
import { type Requester, requireRole, requireRoleOver } from './caller.ts'
import { handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** Who is to be erased. */
export type UserErasure = { readonly userId: UserId }

/** That a user was erased. */
export type ErasedUser = {
  /** Whether the key is destroyed; otherwise the keys were not at hand, and it will be. */
  readonly keyDestroyed: boolean
}

/**
 * Erases what is known of a user: ends their tokens, deactivates them, and destroys the key by which name and address can
 * be read, wherever sealed copies of them are. What was recorded with the user's id stays.
 *
 * The event comes first: from then on nobody is shown the name, and a key that is still there is destroyed by whoever
 * reads the event next, so nothing is left half done when this process ends in between. Done again, it does the rest.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`
 */
export async function eraseUser(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'persons'>,
  requester: Requester,
  { userId }: UserErasure,
): Promise<ErasedUser> {
  requireRole(requester, 'userAdministrator')
  const { organizationId } = requester
  const { state: user } = await loadOwn(dependencies.log, streams.user(userId), userDecider, requester)
  if (user.status !== 'none') requireRoleOver(requester, user.roles)
  try {
    await handleCommand(dependencies, requester, streams.user(userId), userDecider, { type: 'EraseUser' })
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'USER_ERASED')) throw error
  }
  try {
    await dependencies.persons.erase({ organizationId, userId })
    return { keyDestroyed: true }
  } catch {
    return { keyDestroyed: false }
  }
}
