import { Refusal, streams, type UserId, type UserState, userDecider } from '../domain/index.ts'
import { authorizeOver } from './authorize.ts'
import { isSetup, type Requester } from './caller.ts'
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

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'persons'>

/**
 * Erases what is known of a user: ends their tokens, deactivates them, and destroys the key by which name and address can
 * be read, wherever sealed copies of them are. What was recorded with the user's id stays.
 *
 * The event comes first: from then on nobody is shown the name, and a key that is still there is destroyed by whoever
 * reads the event next, so nothing is left half done when this process ends in between. Done again, it does the rest.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `ANOTHER_ADMINISTRATOR_NEEDED`
 */
export async function eraseUser(
  dependencies: Dependencies,
  requester: Requester,
  { userId }: UserErasure,
): Promise<ErasedUser> {
  const { organizationId } = requester
  const streamId = streams.user(userId)
  const { state: user } = await loadOwn(dependencies.log, streamId, userDecider, requester)
  if (user.status !== 'none') authorizeOver(requester, user.roles)
  if (isAdministrator(user)) await deactivateAdministrator(dependencies, requester, userId)
  try {
    await handleCommand(dependencies, requester, streamId, userDecider, { type: 'EraseUser' })
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

/** Whether a user is one of those without whom nobody could give anybody a role any more. */
function isAdministrator(user: UserState): boolean {
  return user.status === 'active' && user.roles.includes('globalAdministrator')
}

/**
 * Deactivates a Global Administrator who is to be erased, as long as another one remains: the one who asks. Two who erase
 * each other at the same moment are both deactivated then; so whoever asks looks at themselves after that, when it would show,
 * and takes it back unless they are still there. Of those who do so at once, the one who looked first may go on.
 *
 * @throws Refusal `ANOTHER_ADMINISTRATOR_NEEDED`; what was deactivated is active again
 */
async function deactivateAdministrator(
  dependencies: Dependencies,
  requester: Requester,
  userId: UserId,
): Promise<void> {
  const needed = new Refusal(
    'ANOTHER_ADMINISTRATOR_NEEDED',
    'A Global Administrator is erased by another one, who is active, so that one remains.',
  )
  if (isSetup(requester) || !('userId' in requester) || requester.userId === userId) throw needed
  const { log } = dependencies
  const change = (type: 'DeactivateUser' | 'ReactivateUser') =>
    handleCommand(
      dependencies,
      requester,
      streams.user(userId),
      userDecider,
      type === 'DeactivateUser' ? { type, reason: null } : { type },
    )
  await change('DeactivateUser')
  const { state: self } = await loadOwn(log, streams.user(requester.userId), userDecider, requester)
  if (isAdministrator(self)) return
  await change('ReactivateUser')
  throw needed
}
