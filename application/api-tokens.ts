import { randomUUID } from 'node:crypto'
import {
  type ApiTokenId,
  type ApiTokenScope,
  type Instant,
  isWithinScope,
  type ProjectId,
  projectDecider,
  Refusal,
  streams,
  type User,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { newApiToken } from './api-token.ts'
import { authorize, authorizeOver } from './authorize.ts'
import { type Caller, isSetup, type Requester } from './caller.ts'
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
  /** What it is to be limited to; nothing when left out. */
  readonly scope?: ApiTokenScope
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
 * Makes an API token for a user. The text is answered once and kept nowhere. Who holds it is that user: so a person's is made
 * by that person alone, whatever roles others have, and a CI user's by administrators of users. A token makes none that may
 * more than itself, or for longer.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `API_TOKEN_WIDER`, `PROJECT_NOT_FOUND`, and as the user's decider
 */
export async function issueApiToken(
  dependencies: Dependencies,
  requester: Requester,
  input: ApiTokenInput,
): Promise<IssuedApiToken> {
  const { userId, name, expiresAt, scope } = input
  const { state: user } = await loadOwn(dependencies.log, streams.user(userId), userDecider, requester)
  if (user.status !== 'none' && !isSetup(requester)) authorizeToken(requester as Caller, user)
  if (!isSetup(requester)) await requireNoWider(dependencies, requester as Caller, input)
  for (const projectId of scope?.projects ?? []) await requireProject(dependencies, requester, projectId)
  const tokenId = randomUUID() as ApiTokenId
  const { text, hash: tokenHash, prefix } = newApiToken(userId)
  const facts = { tokenId, name, tokenHash, prefix, expiresAt, ...(scope === undefined ? {} : { scope }) }
  const command = { type: 'IssueApiToken', ...facts, at: dependencies.now() } as const
  const handled = await handleCommand(dependencies, requester, streams.user(userId), userDecider, command)
  return { userId, ...handled, tokenId, token: text }
}

/** @throws Refusal `FORBIDDEN` */
function authorizeToken(caller: Caller, { userId, kind }: User): void {
  const self = caller.userId === userId
  if (kind === 'ci' || self) authorize(caller, 'administerTokens', kind === 'ci' ? [] : ['self'])
  else
    throw new Refusal(
      'FORBIDDEN',
      'API tokens of a person are made by that person alone, whatever role somebody else has, even globalAdministrator.',
    )
}

/** Refuses what the token of the call could not do itself. @throws Refusal `API_TOKEN_WIDER` */
async function requireNoWider({ log }: Dependencies, caller: Caller, wanted: ApiTokenInput): Promise<void> {
  const { authentication } = caller
  if (authentication.method !== 'apiToken') return
  const { state } = await loadOwn(log, streams.user(caller.userId), userDecider, caller)
  const own =
    state.status === 'none' ? undefined : state.tokens.find(({ tokenId }) => tokenId === authentication.tokenId)
  const { expiresAt = null } = own ?? {}
  const lastsLonger = expiresAt !== null && (wanted.expiresAt === null || wanted.expiresAt > expiresAt)
  if (!lastsLonger && isWithinScope(wanted.scope ?? null, caller.scope)) return
  throw new Refusal(
    'API_TOKEN_WIDER',
    'The token that this call is made with is limited (access, projects, networks or expiry), and makes none that may more than itself.',
    { ...(caller.scope ?? {}), expiresAt },
  )
}

/** @throws Refusal `PROJECT_NOT_FOUND` */
async function requireProject({ log }: Dependencies, requester: Requester, projectId: ProjectId): Promise<void> {
  const { state } = await loadOwn(log, streams.project(projectId), projectDecider, requester)
  if (state.status === 'none') throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${projectId}.`)
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
