import type { ApiTokenScope, GlobalRole } from '../authorization/index.ts'
import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { ApiTokenId } from '../ids.ts'
import { parseNetwork } from '../network.ts'
import { type NotificationPreferences, preferencesOf } from '../notification-preferences.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import { type BuildActorCommand, changeBuildActors } from './build-actors.ts'
import type { ApiTokenFacts, InvitationFacts, UserEvent, UserFacts } from './events.ts'
import { evolveUser, hasAccepted, refuseIfDeactivated, refuseUnlessActive, type User, type UserState } from './state.ts'
import { usableInvitation } from './usable-token.ts'

/** What can be asked of a user. */
export type UserCommand =
  | ({ readonly type: 'CreateUser' } & UserFacts)
  | ({ readonly type: 'InviteUser'; readonly invitation: InvitationFacts } & UserFacts)
  | { readonly type: 'IssueInvitation'; readonly invitation: InvitationFacts }
  | { readonly type: 'RevokeInvitation' }
  | {
      readonly type: 'AcceptInvitation'
      /** SHA-256 of the token that somebody holds. */
      readonly tokenHash: string
      readonly at: Instant
      /** The user's first token. */
      readonly apiToken: ApiTokenFacts
    }
  | { readonly type: 'ProveEmailAddress'; readonly method: 'operator' }
  | { readonly type: 'DeactivateUser'; readonly reason: string | null }
  | { readonly type: 'ReactivateUser' }
  | { readonly type: 'EraseUser' }
  | { readonly type: 'GrantGlobalRoles'; readonly roles: readonly GlobalRole[] }
  | { readonly type: 'AppointAdministrator' }
  | { readonly type: 'WithdrawGlobalRole'; readonly role: GlobalRole }
  | ({ readonly type: 'IssueApiToken'; readonly at: Instant } & ApiTokenFacts)
  | { readonly type: 'RevokeApiToken'; readonly tokenId: ApiTokenId }
  | {
      readonly type: 'ChangeNotificationPreferences'
      /** What is left out stays as it is. */
      readonly preferences: Partial<NotificationPreferences>
    }
  | BuildActorCommand

/**
 * User: a person or a CI user, their global roles and API tokens.
 *
 * Messages name users by their ids: refusals are recorded, and a name in one would outlive the user's erasure.
 *
 * Refuses with `USER_EXISTS`, `USER_NOT_FOUND`, `USER_DEACTIVATED`, `USER_ACTIVE`, `USER_ERASED`, `ROLE_HELD`,
 * `ROLE_NOT_HELD`, `ROLE_NEEDS_PERSON`, `API_TOKEN_NOT_FOUND`, `API_TOKEN_EXPIRY_PAST`, `API_TOKEN_SCOPE_MALFORMED`,
 * `NETWORK_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`; and of invitations with `USER_INVITED`,
 * `INVITATION_NOT_FOUND`, `INVITATION_INVALID`, `INVITATION_ACCEPTED`, `INVITATION_REVOKED`, `INVITATION_EXPIRED`,
 * `EMAIL_ADDRESS_PROVED`; of what they are told with `NOTIFICATION_NEEDS_PERSON`; and of actors of build systems with
 * `BUILD_ACTOR_MALFORMED`, `BUILD_ACTOR_LINKED`, `BUILD_ACTOR_NOT_LINKED`, `BUILD_ACTORS_TOO_MANY`.
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
    'InvitationIssued',
    'InvitationRevoked',
    'InvitationAccepted',
    'EmailAddressProved',
    'NotificationPreferencesChanged',
    'BuildActorLinked',
    'BuildActorUnlinked',
  ],
  schemaVersions: { UserCreated: 2, ApiTokenIssued: 2 },

  decide(command, state) {
    if (command.type === 'CreateUser' || command.type === 'InviteUser') {
      if (state.status !== 'none') throw new Refusal('USER_EXISTS', 'A user with this id exists already.')
      return command.type === 'CreateUser' ? [created(command)] : [created(command), issued(command.invitation)]
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
        if (state.status !== 'deactivated') throw new Refusal('USER_ACTIVE', `The user ${userId} is not deactivated.`)
        return [{ type: 'UserReactivated', data: { schemaVersion: 1 } }]
      case 'EraseUser':
        return erasure(state)
      case 'AppointAdministrator':
        requireRoleFits(state, 'globalAdministrator')
        return [{ type: 'AdministratorAppointed', data: { schemaVersion: 1 } }]
      case 'GrantGlobalRoles':
        return command.roles.map((role) => grant(state, role))
      case 'WithdrawGlobalRole':
        if (!state.roles.includes(command.role))
          throw new Refusal('ROLE_NOT_HELD', `The user ${userId} does not have the role ${command.role}.`, {
            role: command.role,
          })
        return [{ type: 'GlobalRoleWithdrawn', data: { schemaVersion: 1, role: command.role } }]
      case 'IssueApiToken': {
        refuseUnlessActive(state)
        if (command.expiresAt !== null && command.expiresAt <= command.at)
          throw new Refusal('API_TOKEN_EXPIRY_PAST', 'A token must expire in the future, or never.')
        return [tokenIssued(command)]
      }
      case 'RevokeApiToken': {
        const token = state.tokens.find(({ tokenId }) => tokenId === command.tokenId)
        if (token === undefined || token.revoked)
          throw new Refusal('API_TOKEN_NOT_FOUND', `The user ${userId} has no such token, or it is revoked already.`)
        return [{ type: 'ApiTokenRevoked', data: { schemaVersion: 1, tokenId: command.tokenId } }]
      }
      case 'IssueInvitation':
        refuseIfDeactivated(state)
        if (state.status !== 'invited')
          throw new Refusal('USER_ACTIVE', `The user ${userId} needs no invitation: they may act already.`)
        return [issued(command.invitation)]
      case 'RevokeInvitation':
        return [revokedInvitation(state)]
      case 'AcceptInvitation': {
        const { invitationId } = usableInvitation(state, command.tokenHash, command.at)
        return [{ type: 'InvitationAccepted', data: { schemaVersion: 1, invitationId } }, tokenIssued(command.apiToken)]
      }
      case 'ChangeNotificationPreferences':
        refuseIfDeactivated(state)
        if (state.kind === 'ci')
          throw new Refusal(
            'NOTIFICATION_NEEDS_PERSON',
            `The CI user ${userId} has no e-mail address; the person who answers for them is told.`,
          )
        return [
          {
            type: 'NotificationPreferencesChanged',
            data: {
              schemaVersion: 1,
              preferences: { ...preferencesOf(state.notificationPreferences), ...command.preferences },
            },
          },
        ]
      case 'LinkBuildActor':
      case 'UnlinkBuildActor':
        return changeBuildActors(command, state)
      case 'ProveEmailAddress':
        refuseUnlessActive(state)
        if (state.addressProved || !hasAccepted(state.invitations))
          throw new Refusal(
            'EMAIL_ADDRESS_PROVED',
            `Nobody who invited the user ${userId} counts among the people behind the account.`,
          )
        return [{ type: 'EmailAddressProved', data: { schemaVersion: 1, method: command.method } }]
    }
  },

  evolve: evolveUser,
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

/** Whoever is responsible is behind what a CI user does, so who decides about that must not overlook it. */
function created({ userId, organizationId, kind, name, email, responsible }: UserFacts): UserEvent {
  const facts = { userId, organizationId, kind, name, email }
  return responsible === undefined
    ? { type: 'UserCreated', data: { schemaVersion: 1, ...facts } }
    : { type: 'UserCreated', data: { schemaVersion: 2, ...facts, responsible } }
}

function grant(user: User, role: GlobalRole): UserEvent {
  requireRoleFits(user, role)
  return { type: 'GlobalRoleGranted', data: { schemaVersion: 1, role } }
}

/** @throws Refusal `USER_DEACTIVATED`, `ROLE_NEEDS_PERSON`, `ROLE_HELD` */
function requireRoleFits(user: User, role: GlobalRole): void {
  refuseIfDeactivated(user)
  const { userId, kind, roles } = user
  if (kind === 'ci' && role === 'globalAdministrator')
    throw new Refusal('ROLE_NEEDS_PERSON', `The user ${userId} is a CI user; a Global Administrator is a person.`)
  if (roles.includes(role)) throw new Refusal('ROLE_HELD', `The user ${userId} has the role ${role} already.`, { role })
}

function tokenIssued({ tokenId, tokenHash, prefix, expiresAt, ...token }: ApiTokenFacts): UserEvent {
  const name = parseName(token.name, "The token's name")
  const facts = { tokenId, name, tokenHash, prefix, expiresAt }
  const scope = checkedScope(token.scope)
  return scope === undefined
    ? { type: 'ApiTokenIssued', data: { schemaVersion: 1, ...facts } }
    : { type: 'ApiTokenIssued', data: { schemaVersion: 2, ...facts, scope } }
}

function issued({ invitationId, tokenHash, expiresAt, delivery }: InvitationFacts): UserEvent {
  return { type: 'InvitationIssued', data: { schemaVersion: 1, invitationId, tokenHash, expiresAt, delivery } }
}

/** @throws Refusal `INVITATION_NOT_FOUND` */
function revokedInvitation({ invitations, userId }: User): UserEvent {
  const open = invitations.find(({ status }) => status === 'open')
  if (open === undefined)
    throw new Refusal('INVITATION_NOT_FOUND', `The user ${userId} has no invitation that could still be accepted.`)
  return { type: 'InvitationRevoked', data: { schemaVersion: 1, invitationId: open.invitationId } }
}

/** Ends what the user can still do, each by its own event as at any other time, and erases. */
function erasure(user: User): readonly UserEvent[] {
  const { status, tokens, invitations } = user
  const revocations = tokens
    .filter(({ revoked }) => !revoked)
    .map(({ tokenId }): UserEvent => ({ type: 'ApiTokenRevoked', data: { schemaVersion: 1, tokenId } }))
  const invitation = invitations.some(({ status }) => status === 'open') ? [revokedInvitation(user)] : []
  const deactivation: readonly UserEvent[] =
    status === 'deactivated' ? [] : [{ type: 'UserDeactivated', data: { schemaVersion: 1, reason: null } }]
  return [...revocations, ...invitation, ...deactivation, { type: 'UserErased', data: { schemaVersion: 1 } }]
}
