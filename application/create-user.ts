import { randomUUID } from 'node:crypto'
import { type ApiTokenId, type GlobalRole, type Instant, streams, type UserId, userDecider } from '../domain/index.ts'
import { newApiToken } from './api-token.ts'
import type { Requester } from './caller.ts'
import { handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { requireRole } from './require-role.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** Who a user is to be. */
export type UserInput = {
  readonly kind: 'interactive' | 'ci'
  readonly name: string
  readonly email: string | null
  readonly roles: readonly GlobalRole[]
}

/** What an API token is to be. */
export type ApiTokenInput = {
  readonly userId: UserId
  readonly name: string
  /** `null`: never. */
  readonly expiresAt: Instant | null
}

/** An API token that was made. */
export type IssuedApiToken = {
  readonly tokenId: ApiTokenId
  /** The token itself, which is shown this once. */
  readonly token: string
}

/**
 * Adds a user, with global roles if any. Only a Global Administrator makes another one.
 *
 * @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `EMAIL_MALFORMED`
 */
export async function createUser(
  dependencies: Dependencies,
  requester: Requester,
  input: UserInput,
): Promise<{ readonly userId: UserId }> {
  requireRoleOver(requester, input.roles)
  const userId = randomUUID() as UserId
  const { organizationId } = requester
  const { kind, name, email } = input
  const send = handler(dependencies, requester, userId)
  await send({ type: 'CreateUser', userId, organizationId, kind, name, email })
  for (const role of new Set(input.roles)) await send({ type: 'GrantGlobalRole', role })
  return { userId }
}

/**
 * Makes an API token for a user. The text is answered once and kept nowhere. Who holds it is that user, so one for a
 * Global Administrator is made by another only.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `USER_DEACTIVATED`, `NAME_MALFORMED`, `API_TOKEN_EXPIRY_PAST`
 */
export async function issueApiToken(
  dependencies: Dependencies,
  requester: Requester,
  input: ApiTokenInput,
): Promise<IssuedApiToken> {
  const { userId, name, expiresAt } = input
  requireRole(requester, 'userAdministrator')
  const { state: user } = await loadOwn(dependencies.log, streams.user(userId), userDecider, requester)
  if (user.status !== 'none') requireRoleOver(requester, user.roles)
  const tokenId = randomUUID() as ApiTokenId
  const { text, hash: tokenHash, prefix } = newApiToken(userId)
  const at = dependencies.now()
  await handler(
    dependencies,
    requester,
    userId,
  )({ type: 'IssueApiToken', tokenId, name, tokenHash, prefix, expiresAt, at })
  return { tokenId, token: text }
}

/** Refuses who may not decide about users, or not about users with these roles. */
function requireRoleOver(requester: Requester, roles: readonly GlobalRole[]): void {
  requireRole(requester, roles.includes('globalAdministrator') ? 'globalAdministrator' : 'userAdministrator')
}

function handler(dependencies: Dependencies, requester: Requester, userId: UserId) {
  return (command: Parameters<typeof userDecider.decide>[0]) =>
    handleCommand(dependencies, requester, streams.user(userId), userDecider, command)
}
