import { type GlobalRole, streams, type UserCommand, type UserId, userDecider } from '../domain/index.ts'
import { authorizeOver } from './authorize.ts'
import type { Requester } from './caller.ts'
import type { UserChanged } from './create-user.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'administrators'>

/** Whose access is to end for now. */
export type UserDeactivation = BasedOn & { readonly userId: UserId; readonly reason: string | null }

/** Who is to act again. */
export type UserReactivation = BasedOn & { readonly userId: UserId }

/** Which global role a user is to get, or to lose. */
export type GlobalRoleChange = BasedOn & { readonly userId: UserId; readonly role: GlobalRole }

/**
 * Ends what a user can do, at once: each of their tokens is refused from then on.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `USER_DEACTIVATED`, `USER_ERASED`, `LAST_ADMINISTRATOR`, `TEXT_…`,
 *   `CHANGE_STALE`
 */
export function deactivateUser(
  dependencies: Dependencies,
  requester: Requester,
  { userId, reason, ...basis }: UserDeactivation,
): Promise<UserChanged> {
  return changeUser(dependencies, requester, userId, { type: 'DeactivateUser', reason }, basis)
}

/**
 * Lets a user act again, with the roles and the tokens that they have.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `USER_ACTIVE`, `USER_ERASED`, `CHANGE_STALE`
 */
export function reactivateUser(
  dependencies: Dependencies,
  requester: Requester,
  { userId, ...basis }: UserReactivation,
): Promise<UserChanged> {
  return changeUser(dependencies, requester, userId, { type: 'ReactivateUser' }, basis)
}

/**
 * Gives a user a global role. Only a Global Administrator makes another one.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `USER_DEACTIVATED`, `USER_ERASED`, `ROLE_HELD`, `CHANGE_STALE`
 */
export function grantGlobalRole(
  dependencies: Dependencies,
  requester: Requester,
  { userId, role, ...basis }: GlobalRoleChange,
): Promise<UserChanged> {
  authorizeOver(requester, [role])
  return changeUser(dependencies, requester, userId, { type: 'GrantGlobalRoles', roles: [role] }, basis)
}

/**
 * Takes a global role from a user.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `USER_ERASED`, `ROLE_NOT_HELD`, `LAST_ADMINISTRATOR`, `CHANGE_STALE`
 */
export function withdrawGlobalRole(
  dependencies: Dependencies,
  requester: Requester,
  { userId, role, ...basis }: GlobalRoleChange,
): Promise<UserChanged> {
  return changeUser(dependencies, requester, userId, { type: 'WithdrawGlobalRole', role }, basis)
}

/** Only a Global Administrator changes another one, or themselves. */
async function changeUser(
  dependencies: Dependencies,
  requester: Requester,
  userId: UserId,
  command: UserCommand,
  basis: BasedOn,
): Promise<UserChanged> {
  const stream = streams.user(userId)
  const { state: user } = await loadOwn(dependencies.log, stream, userDecider, requester)
  if (user.status !== 'none') authorizeOver(requester, user.roles)
  return { userId, ...(await handleCommand(dependencies, requester, stream, userDecider, command, basis)) }
}
