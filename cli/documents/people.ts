import { typedDocument } from '../connection/graphql.ts'
import type { NamedUser } from './request-fields.ts'
import type { Connected } from './requests.ts'

/** What is shown of a user. Moments are ISO 8601. */
export type UserSummary = {
  readonly userId: string
  readonly name: string
  readonly kind: string
  readonly status: string
  readonly roles: readonly string[]
  /** The person who answers for a CI user. */
  readonly responsible: NamedUser
  readonly createdAt: string
  /** Of the newest event. */
  readonly revision: number
}

/** An API token, without its secret. */
export type TokenSummary = {
  readonly apiTokenId: string
  readonly name: string
  readonly prefix: string
  readonly status: string
  readonly issuedAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  /** To the day: the first use of the last day (UTC) on which it was used. */
  readonly lastUsedAt: string | null
  readonly lastUsedFrom: string | null
  /** `full`, `submit` or `read`. */
  readonly access: string
  /** What it is limited to; null: every one. */
  readonly projects: readonly ({ readonly projectId: string; readonly slug: string } | null)[] | null
  readonly networks: readonly string[] | null
}

/** A user with what only they and administrators of users see; null for others. */
export type UserDetails = UserSummary & {
  readonly email: string | null
  readonly apiTokens: readonly TokenSummary[] | null
  readonly invitation: InvitationSummary | null
  /** The actors of build systems that are this user. */
  readonly buildActors: readonly { readonly system: string; readonly actorId: string }[] | null
}

/** The last invitation of a person. Moments are ISO 8601. */
export type InvitationSummary = {
  readonly invitationId: string
  /** `open`, `accepted`, `revoked`, `replaced` or `expired`. */
  readonly status: string
  readonly invitedAt: string
  readonly expiresAt: string
  /** Whether it is known that the account is not used by whoever invited. */
  readonly addressProved: boolean
}

/** A change of a user that is in the log, or was proposed. */
export type UserChange = {
  readonly userId: string
  readonly position: string
  readonly changeProposalId: string | null
}

const userFields = 'userId name kind status roles responsible { userId name } createdAt revision'
const tokenFields =
  'apiTokenId name prefix status issuedAt expiresAt revokedAt lastUsedAt lastUsedFrom access projects { projectId slug } networks'
const invitationFields = 'invitationId status invitedAt expiresAt addressProved'
const changeFields = 'userId position changeProposalId'

/** Users, in the order of their creation. */
export const listUsers = typedDocument<
  { readonly users: Connected<UserSummary> },
  { readonly first: number; readonly after: string | null }
>(`query ListUsers($first: Int, $after: String) {
  users(first: $first, after: $after) { nodes { ${userFields} } pageInfo { hasNextPage endCursor } }
}`)

/** Users with their e-mail addresses, which are null for who may not see them. */
export const listUsersWithAddresses = typedDocument<
  { readonly users: Connected<UserSummary & { readonly email: string | null }> },
  { readonly first: number; readonly after: string | null }
>(`query ListUsersWithAddresses($first: Int, $after: String) {
  users(first: $first, after: $after) { nodes { ${userFields} email } pageInfo { hasNextPage endCursor } }
}`)

/** One user. */
export const oneUser = typedDocument<{ readonly user: UserDetails | null }, { readonly id: string }>(
  `query OneUser($id: ID!) { user(id: $id) { ${userFields} email apiTokens { ${tokenFields} } invitation { ${invitationFields} } buildActors { system actorId } } }`,
)

/** Who asks. */
export const whoAsks = typedDocument<{ readonly viewer: { readonly userId: string } }>(
  'query WhoAsks { viewer { userId } }',
)

type UserChangeInput = { readonly userId: string; readonly basedOnRevision: number | null }

/** Adds a CI user. */
export const createCiUser = typedDocument<
  { readonly createCiUser: UserChange },
  { readonly input: { readonly name: string; readonly responsible: string } }
>(
  `mutation CreateCiUser($input: CreateCiUserInput!, $changeReason: String) { createCiUser(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** A person who was invited, with the token that accepts the invitation. */
export type Invited = UserChange & {
  readonly invitationId: string
  readonly expiresAt: string
  /** Null where the invitation is mailed to the person. */
  readonly token: string | null
}

/** Invites a person. */
export const inviteUser = typedDocument<
  { readonly inviteUser: Invited },
  { readonly input: { readonly email: string; readonly name: string | null; readonly roles: readonly string[] } }
>(
  `mutation InviteUser($input: InviteUserInput!, $changeReason: String) { inviteUser(input: $input, changeReason: $changeReason) { ${changeFields} invitationId expiresAt token } }`,
)

/** Makes another invitation. */
export const resendInvitation = typedDocument<
  { readonly resendInvitation: Invited },
  { readonly input: UserChangeInput }
>(
  `mutation ResendInvitation($input: InvitationInput!) { resendInvitation(input: $input) { ${changeFields} invitationId expiresAt token } }`,
)

/** Ends an invitation. */
export const revokeInvitation = typedDocument<
  { readonly revokeInvitation: UserChange },
  { readonly input: UserChangeInput }
>(`mutation RevokeInvitation($input: InvitationInput!) { revokeInvitation(input: $input) { ${changeFields} } }`)

/** Ends what a user can do. */
export const deactivateUser = typedDocument<
  { readonly deactivateUser: UserChange },
  { readonly input: UserChangeInput & { readonly reason: string | null } }
>(`mutation DeactivateUser($input: DeactivateUserInput!) { deactivateUser(input: $input) { ${changeFields} } }`)

/** Lets a user act again. */
export const reactivateUser = typedDocument<
  { readonly reactivateUser: UserChange },
  { readonly input: UserChangeInput }
>(
  `mutation ReactivateUser($input: ReactivateUserInput!, $changeReason: String) { reactivateUser(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Erases what is known of a user. */
export const eraseUser = typedDocument<
  { readonly eraseUser: UserChange & { readonly keyDestroyed: boolean } },
  { readonly input: { readonly userId: string } }
>(`mutation EraseUser($input: EraseUserInput!) { eraseUser(input: $input) { ${changeFields} keyDestroyed } }`)

/** Gives a global role. */
export const grantRole = typedDocument<
  { readonly grantGlobalRole: UserChange },
  { readonly input: UserChangeInput & { readonly role: string } }
>(
  `mutation GrantRole($input: GlobalRoleInput!, $changeReason: String) { grantGlobalRole(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Takes a global role. */
export const withdrawRole = typedDocument<
  { readonly withdrawGlobalRole: UserChange },
  { readonly input: UserChangeInput & { readonly role: string } }
>(
  `mutation WithdrawRole($input: GlobalRoleInput!, $changeReason: String) { withdrawGlobalRole(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Which actor of a build system a user is, or is no longer. */
export type BuildActorInput = UserChangeInput & { readonly system: string; readonly actorId: string }

/** Links a user with an actor of a build system. */
export const linkBuildActor = typedDocument<
  { readonly linkBuildActor: UserChange },
  { readonly input: BuildActorInput }
>(
  `mutation LinkBuildActor($input: BuildActorInput!, $changeReason: String) { linkBuildActor(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Ends that. */
export const unlinkBuildActor = typedDocument<
  { readonly unlinkBuildActor: UserChange },
  { readonly input: BuildActorInput }
>(
  `mutation UnlinkBuildActor($input: BuildActorInput!, $changeReason: String) { unlinkBuildActor(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Makes an API token. */
export const issueToken = typedDocument<
  { readonly issueApiToken: UserChange & { readonly apiTokenId: string; readonly token: string } },
  {
    readonly input: {
      readonly userId: string
      readonly name: string
      readonly expiresAt: string | null
      readonly access: string
      readonly projects: readonly string[] | null
      readonly networks: readonly string[] | null
    }
  }
>(
  `mutation IssueToken($input: IssueApiTokenInput!, $changeReason: String) { issueApiToken(input: $input, changeReason: $changeReason) { ${changeFields} apiTokenId token } }`,
)

/** Ends an API token. */
export const revokeToken = typedDocument<
  { readonly revokeApiToken: UserChange },
  { readonly input: { readonly userId: string; readonly apiTokenId: string } }
>(`mutation RevokeToken($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { ${changeFields} } }`)
