import { streams } from '../domain/index.ts'
import {
  type ApiTokenInput,
  type ApiTokenRevocation,
  type IssuedApiToken,
  issueApiToken,
  revokeApiToken,
} from './api-tokens.ts'
import { type BuildActorLinking, linkBuildActor, unlinkBuildActor } from './build-actors.ts'
import type { Requester } from './caller.ts'
import {
  deactivateUser,
  type GlobalRoleChange,
  grantGlobalRole,
  reactivateUser,
  type UserDeactivation,
  type UserReactivation,
  withdrawGlobalRole,
} from './change-user.ts'
import { type CiUserInput, createCiUser, createUser, type UserChanged, type UserInput } from './create-user.ts'
import { type ErasedUser, eraseUser, type UserErasure } from './erase-user.ts'
import {
  changeGroupMembers,
  createGroup,
  describeGroup,
  type GroupChanged,
  type GroupDescription,
  type GroupInput,
  type GroupMembersChange,
} from './groups.ts'
import {
  type InvitationChange,
  type InvitedUser,
  inviteUser,
  resendInvitation,
  revokeInvitation,
  type UserInvitation,
} from './invite-user.ts'
import { changeNotificationPreferences, type NotificationPreferencesChange } from './notification-preferences.ts'
import type { ApplicationDependencies } from './ports.ts'

/** The use cases about users, their roles and tokens, and groups. Errors as of `Administration`. */
export interface PeopleAdministration {
  /** Adds a user who may act at once: for the set-up alone. @throws Refusal `FORBIDDEN`, `USER_EMAIL_TAKEN`, … */
  createUser(requester: Requester, input: UserInput): Promise<UserChanged>

  /** Adds a CI user. @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `USER_NOT_FOUND`, `RESPONSIBLE_NOT_A_PERSON` */
  createCiUser(requester: Requester, input: CiUserInput): Promise<UserChanged>

  /** Invites a person. @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `EMAIL_MALFORMED`, `USER_EMAIL_TAKEN` */
  inviteUser(requester: Requester, input: UserInvitation): Promise<InvitedUser>

  /** Makes another invitation in the place of the last. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the user's decider */
  resendInvitation(requester: Requester, input: InvitationChange): Promise<InvitedUser>

  /** Ends an invitation. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the user's decider */
  revokeInvitation(requester: Requester, input: InvitationChange): Promise<UserChanged>

  /** Ends what a user can do, for now. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the user's decider */
  deactivateUser(requester: Requester, input: UserDeactivation): Promise<UserChanged>

  /** Lets a user act again. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the user's decider */
  reactivateUser(requester: Requester, input: UserReactivation): Promise<UserChanged>

  /**
   * Erases what is known of a user, for good. The event is recorded first; a key that is not at hand now is destroyed
   * later.
   *
   * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `LAST_ADMINISTRATOR`
   */
  eraseUser(requester: Requester, input: UserErasure): Promise<ErasedUser>

  /** Gives a user a global role. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the user's decider */
  grantGlobalRole(requester: Requester, input: GlobalRoleChange): Promise<UserChanged>

  /** Takes a global role from a user. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the user's decider */
  withdrawGlobalRole(requester: Requester, input: GlobalRoleChange): Promise<UserChanged>

  /** Makes an API token for a user. @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `USER_DEACTIVATED`, … */
  issueApiToken(requester: Requester, input: ApiTokenInput): Promise<IssuedApiToken>

  /** Ends an API token. @throws Refusal `FORBIDDEN`, `API_TOKEN_NOT_FOUND`, `CHANGE_STALE`, … */
  revokeApiToken(requester: Requester, input: ApiTokenRevocation): Promise<UserChanged>

  /** Says which actor of a build system a user is. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the user's decider */
  linkBuildActor(requester: Requester, input: BuildActorLinking): Promise<UserChanged>

  /** Ends that. @throws Refusal `FORBIDDEN`, `BUILD_ACTOR_OWN`, `CHANGE_STALE`, and as the user's decider */
  unlinkBuildActor(requester: Requester, input: BuildActorLinking): Promise<UserChanged>

  /** Says what the caller is told of by e-mail. @throws Refusal `NOTIFICATION_NEEDS_PERSON`, `CHANGE_STALE` */
  changeNotificationPreferences(requester: Requester, input: NotificationPreferencesChange): Promise<UserChanged>

  /** Creates a group. @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, and as the group's decider */
  createGroup(requester: Requester, input: GroupInput): Promise<GroupChanged>

  /** Gives a group another name or description. @throws Refusal `FORBIDDEN`, and as the group's decider */
  describeGroup(requester: Requester, input: GroupDescription): Promise<GroupChanged>

  /** Has users join and leave a group. @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, and as the group's decider */
  changeGroupMembers(requester: Requester, input: GroupMembersChange): Promise<GroupChanged>
}

/** What these use cases need of the world. */
export type PeopleDependencies = Pick<
  ApplicationDependencies,
  'log' | 'now' | 'persons' | 'administrators' | 'mailedTokens'
>

/** Runs a use case that changes something behind the guard. */
export type GuardedChange<UseCases> = <Result>(
  useCase: keyof UseCases,
  requester: Requester,
  /** The stream of the entity that it is about. */
  subject: string | undefined,
  run: () => Promise<Result>,
) => Promise<Result>

/** Puts them together, each behind the guard. */
export function createPeopleAdministration(
  dependencies: PeopleDependencies,
  change: GuardedChange<PeopleAdministration>,
): PeopleAdministration {
  type Run<Input, Result> = (dependencies: PeopleDependencies, requester: Requester, input: Input) => Promise<Result>
  type Named = 'userId' | 'groupId'
  /** A use case, and what names the entity that it is about; nothing where it creates one. */
  const guarded =
    <Input, Result>(useCase: keyof PeopleAdministration, run: Run<Input, Result>, named?: Named) =>
    (requester: Requester, input: Input): Promise<Result> =>
      change(useCase, requester, named && subjectOf(named, input as never), () => run(dependencies, requester, input))
  return {
    createUser: guarded('createUser', createUser),
    createCiUser: guarded('createCiUser', createCiUser),
    inviteUser: guarded('inviteUser', inviteUser),
    resendInvitation: guarded('resendInvitation', resendInvitation, 'userId'),
    revokeInvitation: guarded('revokeInvitation', revokeInvitation, 'userId'),
    deactivateUser: guarded('deactivateUser', deactivateUser, 'userId'),
    reactivateUser: guarded('reactivateUser', reactivateUser, 'userId'),
    eraseUser: guarded('eraseUser', eraseUser, 'userId'),
    grantGlobalRole: guarded('grantGlobalRole', grantGlobalRole, 'userId'),
    withdrawGlobalRole: guarded('withdrawGlobalRole', withdrawGlobalRole, 'userId'),
    issueApiToken: guarded('issueApiToken', issueApiToken, 'userId'),
    revokeApiToken: guarded('revokeApiToken', revokeApiToken, 'userId'),
    linkBuildActor: guarded('linkBuildActor', linkBuildActor, 'userId'),
    unlinkBuildActor: guarded('unlinkBuildActor', unlinkBuildActor, 'userId'),
    changeNotificationPreferences: guarded('changeNotificationPreferences', changeNotificationPreferences),
    createGroup: guarded('createGroup', createGroup),
    describeGroup: guarded('describeGroup', describeGroup, 'groupId'),
    changeGroupMembers: guarded('changeGroupMembers', changeGroupMembers, 'groupId'),
  }
}

function subjectOf(named: 'userId' | 'groupId', input: { readonly userId: never; readonly groupId: never }): string {
  return named === 'userId' ? streams.user(input.userId) : streams.group(input.groupId)
}
