import { randomUUID } from 'node:crypto'
import { type ApiTokenId, type GlobalRole, type Instant, streams, type UserId, userDecider } from '../domain/index.ts'
import { newApiToken } from './api-token.ts'
import { handleCommand } from './handle-command.ts'
import type { Initiator } from './initiator.ts'
import type { ApplicationDependencies } from './ports.ts'
import { requireRole } from './require-role.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** Adds a user, with global roles if any. @throws Refusal `FORBIDDEN`, `NAME_MALFORMED` */
export async function createUser(
  dependencies: Dependencies,
  initiator: Initiator,
  input: {
    readonly kind: 'interactive' | 'ci'
    readonly name: string
    readonly email: string | null
    readonly roles: readonly GlobalRole[]
  },
): Promise<{ readonly userId: UserId }> {
  // Roles other than a plain user's are an administrator's to give.
  requireRole(initiator, ...(input.roles.length === 0 ? (['userAdministrator'] as const) : []))
  const userId = randomUUID() as UserId
  const { organizationId } = initiator
  const { kind, name, email } = input
  const send = handler(dependencies, initiator, userId)
  await send({ type: 'CreateUser', userId, organizationId, kind, name, email })
  for (const role of input.roles) await send({ type: 'GrantGlobalRole', role })
  return { userId }
}

/** Makes an API token for a user. The text is answered once and kept nowhere. @throws Refusal `FORBIDDEN`, `USER_…`, `API_TOKEN_EXPIRY_PAST` */
export async function issueApiToken(
  dependencies: Dependencies,
  initiator: Initiator,
  input: { readonly userId: UserId; readonly name: string; readonly expiresAt: Instant | null },
): Promise<{ readonly tokenId: ApiTokenId; readonly token: string }> {
  requireRole(initiator, 'userAdministrator')
  const { userId, name, expiresAt } = input
  const tokenId = randomUUID() as ApiTokenId
  const { text, hash: tokenHash, prefix } = newApiToken(userId)
  const at = dependencies.now()
  await handler(
    dependencies,
    initiator,
    userId,
  )({ type: 'IssueApiToken', tokenId, name, tokenHash, prefix, expiresAt, at })
  return { tokenId, token: text }
}

function handler(dependencies: Dependencies, initiator: Initiator, userId: UserId) {
  return (command: Parameters<typeof userDecider.decide>[0]) =>
    handleCommand(dependencies, initiator, streams.user(userId), userDecider, command)
}
