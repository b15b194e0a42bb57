import { Refusal, streams, type UserId, userDecider } from '../domain/index.ts'
import { readWholeStream } from '../event-log/index.ts'
import { authorizeOver } from './authorize.ts'
import type { Requester } from './caller.ts'
import type { UserChanged } from './create-user.ts'
import { handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** Who is to be erased. */
export type UserErasure = { readonly userId: UserId }

/** That a user was erased. */
export type ErasedUser = UserChanged & {
  /** Whether the key is destroyed; otherwise the keys were not at hand, and it will be. */
  readonly keyDestroyed: boolean
}

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'persons' | 'administrators'>

/**
 * Erases what is known of a user: ends their tokens, deactivates them, and destroys the key by which name and address can
 * be read, wherever sealed copies of them are. What was recorded with the user's id stays.
 *
 * The event comes first: from then on nobody is shown the name, and a key that is still there is destroyed by whoever
 * reads the event next, so nothing is left half done when this process ends in between. Done again, it does the rest.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `LAST_ADMINISTRATOR`
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
  const position = await recordErasure(dependencies, requester, streamId)
  try {
    await dependencies.persons.erase({ organizationId, userId })
    return { userId, position, keyDestroyed: true }
  } catch {
    return { userId, position, keyDestroyed: false }
  }
}

/** @returns where it is in the log, also when it had been recorded before */
async function recordErasure(
  dependencies: Dependencies,
  requester: Requester,
  streamId: string,
): Promise<UserChanged['position']> {
  try {
    return (await handleCommand(dependencies, requester, streamId, userDecider, { type: 'EraseUser' })).position
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'USER_ERASED')) throw error
    const { events } = await readWholeStream(dependencies.log, streamId)
    const last = events.at(-1)
    if (last === undefined) throw error
    return last.position
  }
}
