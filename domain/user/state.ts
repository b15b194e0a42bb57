import type { GlobalRole } from '../authorization/index.ts'
import { type BuildActorReference, isSameBuildActor } from '../build-actor.ts'
import type { OrganizationId, UserId } from '../ids.ts'
import type { NotificationPreferences } from '../notification-preferences.ts'
import { Refusal } from '../refusal.ts'
import type { ApiTokenFacts, InvitationFacts, UserEvent, UserFacts } from './events.ts'

/** A token as the user's state knows it. */
export type ApiToken = ApiTokenFacts & { readonly revoked: boolean }

/** An invitation as the user's state knows it. Only the last one can be open. */
export type Invitation = InvitationFacts & { readonly status: 'open' | 'replaced' | 'revoked' | 'accepted' }

/** A user that exists. */
export type User = UserFacts & {
  /** `invited`: a person who has not accepted an invitation yet, and can do nothing. */
  readonly status: 'invited' | 'active' | 'deactivated'
  /** Whether the personal data are unreadable for good. Who is erased is deactivated, and stays so. */
  readonly erased: boolean
  readonly roles: readonly GlobalRole[]
  /** Whether the operator of the machine alone made them Global Administrator; absent where it was done by the rules. */
  readonly appointed?: true
  readonly tokens: readonly ApiToken[]
  /** The oldest first; none for CI users, and for people whom the set-up added. */
  readonly invitations: readonly Invitation[]
  /** Whether it is known that the account is not used by whoever invited the person. */
  readonly addressProved: boolean
  /** What they are told of by e-mail, and how; absent where they never said so. */
  readonly notificationPreferences?: NotificationPreferences
  /** The actors of build systems that are this user, those that were linked last at the end; absent where there are none. */
  readonly buildActors?: readonly BuildActorReference[]
}

/** Before and after the user was created. */
export type UserState = { readonly status: 'none' } | User

/** What a user is after an event. */
export function evolveUser(state: UserState, event: UserEvent): UserState {
  if (event.type === 'UserCreated') {
    if (state.status !== 'none') return state
    const { schemaVersion: _, ...facts } = event.data
    const none = { roles: [], tokens: [], invitations: [], addressProved: false }
    return { ...facts, status: 'active', erased: false, ...none }
  }
  if (state.status === 'none') return state
  switch (event.type) {
    case 'UserDeactivated':
      return { ...state, status: 'deactivated' }
    case 'UserReactivated':
      // Erasure is for good, whatever the stream says after it.
      return state.erased ? state : { ...state, status: statusByInvitations(state.invitations) }
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
    case 'InvitationIssued': {
      const { schemaVersion: _, ...facts } = event.data
      const before = state.invitations.map((each) => (each.status === 'open' ? { ...each, status: 'replaced' } : each))
      return withInvitations(state, [...before, { ...facts, status: 'open' }] as readonly Invitation[])
    }
    case 'InvitationRevoked':
    case 'InvitationAccepted': {
      const status = event.type === 'InvitationAccepted' ? 'accepted' : 'revoked'
      const { invitationId } = event.data
      const changed = (each: Invitation) => (each.invitationId === invitationId ? { ...each, status } : each)
      const next = withInvitations(state, state.invitations.map(changed) as readonly Invitation[])
      const proves = next.invitations.some((each) => each.status === 'accepted' && each.delivery === 'mailed')
      return proves ? { ...next, addressProved: true } : next
    }
    case 'EmailAddressProved':
      return { ...state, addressProved: true }
    case 'NotificationPreferencesChanged':
      return { ...state, notificationPreferences: event.data.preferences }
    case 'BuildActorLinked':
    case 'BuildActorUnlinked': {
      const { system, actorId } = event.data
      const { buildActors = [], ...rest } = state
      const others = buildActors.filter((each) => !isSameBuildActor(each, event.data))
      const next = event.type === 'BuildActorLinked' ? [...others, { system, actorId }] : others
      return next.length === 0 ? rest : { ...rest, buildActors: next }
    }
  }
}

function withInvitations(user: User, invitations: readonly Invitation[]): User {
  return user.status === 'deactivated'
    ? { ...user, invitations }
    : { ...user, invitations, status: statusByInvitations(invitations) }
}

/** What a user is who was not deactivated, or was reactivated. */
export function statusByInvitations(invitations: readonly Invitation[]): 'invited' | 'active' {
  return invitations.length > 0 && !hasAccepted(invitations) ? 'invited' : 'active'
}

/** Whether one of the invitations was accepted. */
export function hasAccepted(invitations: readonly Invitation[]): boolean {
  return invitations.some(({ status }) => status === 'accepted')
}

/** @throws Refusal `USER_DEACTIVATED` */
export function refuseIfDeactivated({ status, userId }: User): void {
  if (status === 'deactivated')
    throw new Refusal('USER_DEACTIVATED', `The user ${userId} is deactivated; reactivate the user first.`)
}

/**
 * Refuses what only a user who may act can do or be given.
 *
 * @throws Refusal `USER_DEACTIVATED`, `USER_INVITED`
 */
export function refuseUnlessActive(user: User): void {
  refuseIfDeactivated(user)
  if (user.status === 'invited')
    throw new Refusal('USER_INVITED', `The user ${user.userId} has not accepted an invitation yet.`)
}

/**
 * Refuses to sign for a submitter who may not act: whoever has left, or whose account was found to be another's, gets
 * nothing signed any more, whatever was approved meanwhile. One who is active again is not refused.
 *
 * @throws Refusal `SUBMITTER_UNKNOWN` when the organization has no such user, or one who has accepted no invitation;
 *   `SUBMITTER_DEACTIVATED`
 */
export function requireActiveSubmitter(
  state: UserState,
  { submitter, organizationId }: { readonly submitter: UserId; readonly organizationId: OrganizationId },
): void {
  if (state.status === 'none' || state.organizationId !== organizationId || state.status === 'invited')
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
 * @throws Refusal `USER_NOT_FOUND`, `USER_DEACTIVATED`: also for one who is erased; `USER_INVITED`
 */
export function requireActiveUser(state: UserState): User {
  if (state.status === 'none') throw new Refusal('USER_NOT_FOUND', 'There is no such user.')
  refuseUnlessActive(state)
  return state
}
