import { randomUUID } from 'node:crypto'
import { type ApiTokenId, type Instant, streams, type UserId, userDecider } from '../domain/index.ts'
import { newApiToken } from './api-token.ts'
import { authorize, authorizeOver } from './authorize.ts'
import type { Requester } from './caller.ts'
import type { UserChanged } from './create-user.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** What an API token is to be. */
export type ApiTokenInput = {
  readonly userId: UserId
  readonly name: string
  /** `null`: never. */
  readonly expiresAt: Instant | null
}

/** An API token that was made. */
export type IssuedApiToken = UserChanged & {
  readonly tokenId: ApiTokenId
  /** The token itself, which is shown this once. */
  readonly token: string
}

/** Which API token is to stop working. */
export type ApiTokenRevocation = BasedOn & { readonly userId: UserId; readonly tokenId: ApiTokenId }

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
  const { state: user } = await loadOwn(dependencies.log, streams.user(userId), userDecider, requester)
  if (user.status !== 'none') authorizeOver(requester, user.roles)
  const tokenId = randomUUID() as ApiTokenId
  const { text, hash: tokenHash, prefix } = newApiToken(userId)
  const at = dependencies.now()
  const command = { type: 'IssueApiToken', tokenId, name, tokenHash, prefix, expiresAt, at } as const
  const handled = await handleCommand(dependencies, requester, streams.user(userId), userDecider, command)
  return { userId, ...handled, tokenId, token: text }
}

/**
 * Ends an API token at once: one's own, or somebody else's as an administrator of users.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `API_TOKEN_NOT_FOUND`, `CHANGE_STALE`
 */
export async function revokeApiToken(
  dependencies: Dependencies,
  requester: Requester,
  { userId, tokenId, ...basis }: ApiTokenRevocation,
): Promise<UserChanged> {
  const self = 'userId' in requester && requester.userId === userId
  authorize(requester, 'administerTokens', self ? ['self'] : [])
  const { state: user } = await loadOwn(dependencies.log, streams.user(userId), userDecider, requester)
  if (user.status !== 'none' && !self) authorizeOver(requester, user.roles)
  const command = { type: 'RevokeApiToken', tokenId } as const
  const handled = await handleCommand(dependencies, requester, streams.user(userId), userDecider, command, basis)
  return { userId, ...handled }
}
