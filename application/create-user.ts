import { randomUUID } from 'node:crypto'
import {
  type ApiTokenId,
  type GlobalRole,
  type Instant,
  parseEmailAddress,
  parseName,
  streams,
  type UserCommand,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { newApiToken } from './api-token.ts'
import { authorizeOver } from './authorize.ts'
import type { Requester } from './caller.ts'
import { handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

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
 * Adds a user, with global roles if any. Only a Global Administrator makes another one. Name and address are recorded
 * sealed, with a key that is made for the user first: a key without a user, where the rest fails, says nothing of anybody.
 *
 * @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `EMAIL_MALFORMED`; an error `PERSON_KEYS_…` while keys cannot be made
 */
export async function createUser(
  dependencies: Dependencies & Pick<ApplicationDependencies, 'persons'>,
  requester: Requester,
  input: UserInput,
): Promise<{ readonly userId: UserId }> {
  authorizeOver(requester, input.roles)
  const userId = randomUUID() as UserId
  const { organizationId } = requester
  const name = parseName(input.name, "The user's name")
  const email = input.email === null ? null : parseEmailAddress(input.email)
  const sealed = await dependencies.persons.seal({ organizationId, userId }, { name, email })
  const send = (command: UserCommand) =>
    handleCommand(dependencies, requester, streams.user(userId), userDecider, command)
  await send({ type: 'CreateUser', userId, organizationId, kind: input.kind, ...sealed })
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
  const { state: user } = await loadOwn(dependencies.log, streams.user(userId), userDecider, requester)
  if (user.status !== 'none') authorizeOver(requester, user.roles)
  const tokenId = randomUUID() as ApiTokenId
  const { text, hash: tokenHash, prefix } = newApiToken(userId)
  const at = dependencies.now()
  const command = { type: 'IssueApiToken', tokenId, name, tokenHash, prefix, expiresAt, at } as const
  await handleCommand(dependencies, requester, streams.user(userId), userDecider, command)
  return { tokenId, token: text }
}
