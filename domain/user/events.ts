import type { ApiTokenScope, GlobalRole } from '../authorization/index.ts'
import type { BuildActorReference } from '../build-actor.ts'
import type { DomainEvent, Instant } from '../event.ts'
import type { ApiTokenId, InvitationId, OrganizationId, UserId } from '../ids.ts'
import type { NotificationPreferences } from '../notification-preferences.ts'
import type { SealedDetails } from '../person.ts'

/**
 * What a user is from the beginning. Name and e-mail address stand here, sealed, and nowhere else in the log: whoever names
 * the user names the id.
 */
export type UserFacts = SealedDetails & {
  readonly userId: UserId
  readonly organizationId: OrganizationId
  /** CI users have API tokens only and never sign in. */
  readonly kind: 'interactive' | 'ci'
  /** The person who answers for a CI user; absent for persons. Written in the second form. */
  readonly responsible?: UserId
}

/** A person or a CI user was added. */
export type UserCreated = DomainEvent<'UserCreated', UserFacts>

/** The user can do nothing any more; their tokens are dead. */
export type UserDeactivated = DomainEvent<'UserDeactivated', { readonly reason: string | null }>

/** The user may act again. */
export type UserReactivated = DomainEvent<'UserReactivated'>

/**
 * The user's personal data are to be unreadable for good: their key is destroyed after this. The id stays, and all that
 * was decided with it. Appended together with what ends their tokens and deactivates them, so erased users are deactivated.
 */
export type UserErased = DomainEvent<'UserErased'>

/** The user received a global role. */
export type GlobalRoleGranted = DomainEvent<'GlobalRoleGranted', { readonly role: GlobalRole }>

/**
 * The operator of the machine made the user a Global Administrator where changes of rules are controlled, and asked nobody. The
 * role is one as any other, but for this: it approves no changes, so the operator alone is never the other people whom changes need.
 */
export type AdministratorAppointed = DomainEvent<'AdministratorAppointed'>

/** The user lost a global role. */
export type GlobalRoleWithdrawn = DomainEvent<'GlobalRoleWithdrawn', { readonly role: GlobalRole }>

/** What is kept of a token. */
export type ApiTokenFacts = {
  readonly tokenId: ApiTokenId
  readonly name: string
  /** SHA-256 of the whole token text, hexadecimal. */
  readonly tokenHash: string
  /** The first characters of the token's secret part, to recognise it by. */
  readonly prefix: string
  readonly expiresAt: Instant | null
  /** What it is limited to; absent: nothing. Written in the second form, since it restricts. */
  readonly scope?: ApiTokenScope
}

/** A token was made and shown once. Only its hash is kept. */
export type ApiTokenIssued = DomainEvent<'ApiTokenIssued', ApiTokenFacts>

/** A token stopped working. */
export type ApiTokenRevoked = DomainEvent<'ApiTokenRevoked', { readonly tokenId: ApiTokenId }>

/** What is kept of an invitation. */
export type InvitationFacts = {
  readonly invitationId: InvitationId
  /** SHA-256 of the whole token text, hexadecimal. */
  readonly tokenHash: string
  /** From when on it cannot be accepted. */
  readonly expiresAt: Instant
  /**
   * How the token got to the person: `shown` to whoever invited, who could use it as well; or `mailed` by the service to the
   * person's address, and shown to nobody, so that whoever accepts is who reads the mails of that address.
   */
  readonly delivery: 'shown' | 'mailed'
}

/**
 * A person was invited, or once more. The token was shown once, and that of each invitation before is dead. Until an
 * invitation is accepted the user can do nothing.
 */
export type InvitationIssued = DomainEvent<'InvitationIssued', InvitationFacts>

/** An invitation cannot be accepted any more. */
export type InvitationRevoked = DomainEvent<'InvitationRevoked', { readonly invitationId: InvitationId }>

/**
 * Somebody who held the invitation's token accepted it: the user may act from now on. Appended together with the
 * `ApiTokenIssued` of the user's first token.
 */
export type InvitationAccepted = DomainEvent<'InvitationAccepted', { readonly invitationId: InvitationId }>

/**
 * The user's account is used by the person whom the address belongs to, and not by whoever invited them. Only a part of the
 * service may say so: the operator of the machine, who was asked.
 */
export type EmailAddressProved = DomainEvent<'EmailAddressProved', { readonly method: 'operator' }>

/** What the user is told of by e-mail, and how: from now on all of this. */
export type NotificationPreferencesChanged = DomainEvent<
  'NotificationPreferencesChanged',
  { readonly preferences: NotificationPreferences }
>

/**
 * An administrator says that an actor of a build system is this user: who begins a build or pushes its commit counts as having
 * submitted what was built.
 */
export type BuildActorLinked = DomainEvent<'BuildActorLinked', BuildActorReference>

/** The actor is this user no longer. What was verified before keeps its people. */
export type BuildActorUnlinked = DomainEvent<'BuildActorUnlinked', BuildActorReference>

/** Everything that happens to a user. */
export type UserEvent =
  | BuildActorLinked
  | BuildActorUnlinked
  | NotificationPreferencesChanged
  | InvitationIssued
  | InvitationRevoked
  | InvitationAccepted
  | EmailAddressProved
  | UserCreated
  | UserDeactivated
  | UserReactivated
  | UserErased
  | GlobalRoleGranted
  | AdministratorAppointed
  | GlobalRoleWithdrawn
  | ApiTokenIssued
  | ApiTokenRevoked
