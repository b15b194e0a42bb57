import type { ApiTokenScope, GlobalRole } from '../authorization/index.ts'
import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { ApiTokenId, OrganizationId, UserId } from '../ids.ts'
import { parseNetwork } from '../network.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import type { ApiTokenFacts, UserEvent, UserFacts } from './events.ts'

/** A token as the user's state knows it. */
export type ApiToken = ApiTokenFacts & { readonly revoked: boolean }

/** A user that exists. */
export type User = UserFacts & {
  readonly status: 'active' | 'deactivated'
  /** Whether the personal data are unreadable for good. Who is erased is deactivated, and stays so. */
  readonly erased: boolean
  readonly roles: readonly GlobalRole[]
  /** Whether the operator of the machine alone made them Global Administrator; absent where it was done by the rules. */
  readonly appointed?: true
  readonly tokens: readonly ApiToken[]
}

/** Before and after the user was created. */
export type UserState = { readonly status: 'none' } | User

/** What can be asked of a user. */
export type UserCommand =
  | ({ readonly type: 'CreateUser' } & UserFacts)
  | { readonly type: 'DeactivateUser'; readonly reason: string | null }
  | { readonly type: 'ReactivateUser' }
  | { readonly type: 'EraseUser' }
  | { readonly type: 'GrantGlobalRole'; readonly role: GlobalRole }
  | { readonly type: 'AppointAdministrator' }
  | { readonly type: 'WithdrawGlobalRole'; readonly role: GlobalRole }
  | ({ readonly type: 'IssueApiToken'; readonly at: Instant } & ApiTokenFacts)
  | { readonly type: 'RevokeApiToken'; readonly tokenId: ApiTokenId }

/**
 * User: a person or a CI user, their global roles and API tokens.
 *
 * Messages name users by their ids: refusals are recorded, and a name in one would outlive the user's erasure.
 *
 * Refuses with `USER_EXISTS`, `USER_NOT_FOUND`, `USER_DEACTIVATED`, `USER_ACTIVE`, `USER_ERASED`, `ROLE_HELD`,
 * `ROLE_NOT_HELD`, `ROLE_NEEDS_PERSON`, `API_TOKEN_NOT_FOUND`, `API_TOKEN_EXPIRY_PAST`, `API_TOKEN_SCOPE_MALFORMED`,
 * `NETWORK_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const userDecider: Decider<UserState, UserCommand, UserEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'UserCreated',
    'UserDeactivated',
    'UserReactivated',
    'UserErased',
    'GlobalRoleGranted',
    'AdministratorAppointed',
    'GlobalRoleWithdrawn',
    'ApiTokenIssued',
    'ApiTokenRevoked',
  ],
  schemaVersions: { UserCreated: 2, ApiTokenIssued: 2 },

  decide(command, state) {
    if (command.type === 'CreateUser') {
      if (state.status !== 'none') throw new Refusal('USER_EXISTS', 'A user with this id exists already.')
      const { userId, organizationId, kind, name, email, responsible } = command
      const facts = { userId, organizationId, kind, name, email }
      // Whoever is responsible is behind what the CI user does, so who decides about that must not overlook it.
      return responsible === undefined
        ? [{ type: 'UserCreated', data: { schemaVersion: 1, ...facts } }]
        : [{ type: 'UserCreated', data: { schemaVersion: 2, ...facts, responsible } }]
    }
    if (state.status === 'none') throw new Refusal('USER_NOT_FOUND', 'There is no such user.')
    const { userId } = state
    // Whoever is erased has no roles and tokens to be changed any more.
    if (state.erased) throw new Refusal('USER_ERASED', `The user ${userId} was erased, which is for good.`)
    switch (command.type) {
      case 'DeactivateUser':
        refuseIfDeactivated(state)
        return [
          { type: 'UserDeactivated', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } },
        ]
      case 'ReactivateUser':
        if (state.status === 'active') throw new Refusal('USER_ACTIVE', `The user ${userId} is active already.`)
        return [{ type: 'UserReactivated', data: { schemaVersion: 1 } }]
      case 'EraseUser':
        return erasure(state)
      case 'AppointAdministrator':
        requireRoleFits(state, 'globalAdministrator')
        return [{ type: 'AdministratorAppointed', data: { schemaVersion: 1 } }]
      case 'GrantGlobalRole':
        requireRoleFits(state, command.role)
        return [{ type: 'GlobalRoleGranted', data: { schemaVersion: 1, role: command.role } }]
      case 'WithdrawGlobalRole':
        if (!state.roles.includes(command.role))
          throw new Refusal('ROLE_NOT_HELD', `The user ${userId} does not have the role ${command.role}.`, {
            role: command.role,
          })
        return [{ type: 'GlobalRoleWithdrawn', data: { schemaVersion: 1, role: command.role } }]
      case 'IssueApiToken': {
        refuseIfDeactivated(state)
        if (command.expiresAt !== null && command.expiresAt <= command.at)
          throw new Refusal('API_TOKEN_EXPIRY_PAST', 'A token must expire in the future, or never.')
        const { tokenId, tokenHash, prefix, expiresAt } = command
        const name = parseName(command.name, "The token's name")
        const facts = { tokenId, name, tokenHash, prefix, expiresAt }
        const scope = checkedScope(command.scope)
        return scope === undefined
          ? [{ type: 'ApiTokenIssued', data: { schemaVersion: 1, ...facts } }]
          : [{ type: 'ApiTokenIssued', data: { schemaVersion: 2, ...facts, scope } }]
      }
      case 'RevokeApiToken': {
        const token = state.tokens.find(({ tokenId }) => tokenId === command.tokenId)
        if (token === undefined || token.revoked)
          throw new Refusal('API_TOKEN_NOT_FOUND', `The user ${userId} has no such token, or it is revoked already.`)
        return [{ type: 'ApiTokenRevoked', data: { schemaVersion: 1, tokenId: command.tokenId } }]
      }
    }
  },

  evolve(state, event) {
    if (event.type === 'UserCreated') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, ...facts } = event.data
      return { ...facts, status: 'active', erased: false, roles: [], tokens: [] }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'UserDeactivated':
        return { ...state, status: 'deactivated' }
      case 'UserReactivated':
        // Erasure is for good, whatever the stream says after it.
        return state.erased ? state : { ...state, status: 'active' }
      case 'UserErased':
        return { ...state, status: 'deactivated', erased: true }
      case 'GlobalRoleGranted':
        return { ...state, roles: [...state.roles, event.data.role] }
      case 'AdministratorAppointed':
        return { ...state, roles: [...state.roles, 'globalAdministrator'], appointed: true }
      case 'GlobalRoleWithdrawn': {
        const { appointed, ...rest } = state
        const keeps = appointed === true && event.data.role !== 'globalAdministrator'
        const roles = state.roles.filter((role) => role !== event.data.role)
        return { ...rest, roles, ...(keeps && { appointed }) }
      }
      case 'ApiTokenIssued': {
        const { schemaVersion: _, ...facts } = event.data
        return { ...state, tokens: [...state.tokens, { ...facts, revoked: false }] }
      }
      case 'ApiTokenRevoked':
        return {
          ...state,
          tokens: state.tokens.map((token) =>
            token.tokenId === event.data.tokenId ? { ...token, revoked: true } : token,
          ),
        }
    }
  },
}

/** So many projects and networks a token may be limited to. */
const mostLimits = 100

/** @returns `undefined` when it limits nothing */
function checkedScope(scope: ApiTokenScope | undefined): ApiTokenScope | undefined {
  if (scope === undefined) return undefined
  const { access, projects, networks } = scope
  for (const limits of [projects, networks])
    if (limits !== null && (limits.length === 0 || limits.length > mostLimits))
      throw new Refusal(
        'API_TOKEN_SCOPE_MALFORMED',
        `A token is limited to 1 to ${mostLimits} projects, and to as many networks; ${limits.length} were named.`,
      )
  if (access === 'full' && projects === null && networks === null) return undefined
  return { access, projects, networks: networks?.map(parseNetwork) ?? null }
}

/** @throws Refusal `USER_DEACTIVATED`, `ROLE_NEEDS_PERSON`, `ROLE_HELD` */
function requireRoleFits(user: User, role: GlobalRole): void {
  refuseIfDeactivated(user)
  const { userId, kind, roles } = user
  if (kind === 'ci' && role === 'globalAdministrator')
    throw new Refusal('ROLE_NEEDS_PERSON', `The user ${userId} is a CI user; a Global Administrator is a person.`)
  if (roles.includes(role)) throw new Refusal('ROLE_HELD', `The user ${userId} has the role ${role} already.`, { role })
}

/** @throws Refusal `USER_DEACTIVATED` */
export function refuseIfDeactivated({ status, userId }: User): void {
  if (status === 'deactivated')
    throw new Refusal('USER_DEACTIVATED', `The user ${userId} is deactivated; reactivate the user first.`)
}

/** Ends what the user can still do, each by its own event as at any other time, and erases. */
function erasure({ status, tokens }: User): readonly UserEvent[] {
  const revocations = tokens
    .filter(({ revoked }) => !revoked)
    .map(({ tokenId }): UserEvent => ({ type: 'ApiTokenRevoked', data: { schemaVersion: 1, tokenId } }))
  const deactivation: readonly UserEvent[] =
    status === 'active' ? [{ type: 'UserDeactivated', data: { schemaVersion: 1, reason: null } }] : []
  return [...revocations, ...deactivation, { type: 'UserErased', data: { schemaVersion: 1 } }]
}

/**
 * Refuses to sign for a submitter who may not act: whoever has left, or whose account was found to be another's, gets
 * nothing signed any more, whatever was approved meanwhile. One who is active again is not refused.
 *
 * @throws Refusal `SUBMITTER_UNKNOWN` when the organization has no such user, `SUBMITTER_DEACTIVATED`
 */
export function requireActiveSubmitter(
  state: UserState,
  { submitter, organizationId }: { readonly submitter: UserId; readonly organizationId: OrganizationId },
): void {
  if (state.status === 'none' || state.organizationId !== organizationId)
    throw new Refusal('SUBMITTER_UNKNOWN', `The log knows no submitter ${submitter} in this organization.`)
  if (state.status === 'deactivated')
    throw new Refusal(
      'SUBMITTER_DEACTIVATED',
      `The user ${submitter}, who submitted the request, is deactivated; nothing is signed for them.`,
    )
}

/**
 * Refuses what a user decides who may not act at that moment.
 *
 * @throws Refusal `USER_NOT_FOUND`, `USER_DEACTIVATED`: also for one who is erased
 */
export function requireActiveUser(state: UserState): User {
  if (state.status === 'none') throw new Refusal('USER_NOT_FOUND', 'There is no such user.')
  refuseIfDeactivated(state)
  return state
}
