import { z } from 'zod'
import type { Application, Caller } from '../../application/index.ts'
import { type ApiTokenId, globalRoles, type ProjectId, tokenAccesses, type UserId } from '../../domain/index.ts'
import type { UserView } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { basedOn, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading } from './read.ts'
import { shownUser, type UserReading, userSchema } from './user-document.ts'

const tag = 'Users'
const parameters = z.object({ userId: idSchema<UserId>() })
const shape = { userId: z.uuid() }
const invitedShape = {
  ...shape,
  invitationId: z.uuid(),
  expiresAt: z.string(),
  token: z.string().nullable().meta({ description: 'Shown this once; null where it is mailed to the person.' }),
}
const role = z.enum(globalRoles)
const ofActor = z.object({
  userId: idSchema<UserId>(),
  actorId: z.string().meta({ description: "The actor's id in the build system, as a verified origin says it." }),
})
const fromSystem = z.object({
  ...basedOn,
  system: z.string().meta({
    description:
      'Whose id it is: the issuer of identity tokens, or the base URL of the API of the build system, as a verified origin says.',
  }),
})

const viewerSchema = userSchema.extend({
  organizationId: z.uuid(),
  apiTokenId: z.uuid().nullable().meta({ description: 'Of the API token of this call, if it was made by one.' }),
})

/** Users: what GraphQL calls by the same names. */
export function userOperations(
  reading: Reading & UserReading & { readonly application: Application },
): readonly Operation[] {
  const { application, readModel } = reading
  const show = (view: UserView, caller: Caller) => shownUser(reading, view, caller)
  const read = { tag, permission: 'readOrganization', schema: userSchema, show } as const
  const path = '/Users/{userId}'
  return [
    list(reading, {
      ...read,
      operationId: 'users',
      path: '/Users',
      summary: 'List users, in the order in which they were created',
      read: ({ organizationId }, page) => readModel.listUsers(organizationId, page),
    }),
    one(reading, {
      ...read,
      operationId: 'user',
      path,
      summary: 'Read a user',
      parameters,
      missing: ['USER_NOT_FOUND', 'user'],
      find: async ({ organizationId }, { userId }) => (await readModel.usersByIds(organizationId, [userId]))[0],
    }),
    one(reading, {
      ...read,
      operationId: 'viewer',
      path: '/Viewer',
      summary: 'Read who you are, as the token proves it',
      schema: viewerSchema,
      async show(view: UserView, caller) {
        const { organizationId, authentication } = caller
        const apiTokenId = authentication.method === 'apiToken' ? authentication.tokenId : null
        return { ...(await show(view, caller)), organizationId, apiTokenId }
      },
      parameters: z.object({}),
      missing: ['USER_NOT_FOUND', 'user'],
      find: async ({ organizationId, userId }) => (await readModel.usersByIds(organizationId, [userId]))[0],
    }),
    change({
      useCase: 'inviteUser',
      method: 'POST',
      path: '/Users/Invite',
      tag,
      summary: 'Invite a person',
      body: z.object({
        email: z.string(),
        name: z.string().nullable().default(null),
        roles: z.array(role).default([]),
      }),
      shape: invitedShape,
      creates: true,
      run: (caller, input) => application.inviteUser(caller, input),
    }),
    change({
      useCase: 'resendInvitation',
      method: 'POST',
      path: `${path}/ResendInvitation`,
      tag,
      summary: 'Make another invitation in the place of the last',
      parameters,
      body: z.object(basedOn),
      shape: invitedShape,
      run: (caller, input) => application.resendInvitation(caller, input),
    }),
    change({
      useCase: 'revokeInvitation',
      method: 'POST',
      path: `${path}/RevokeInvitation`,
      tag,
      summary: 'End an invitation',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.revokeInvitation(caller, input),
    }),
    change({
      useCase: 'createCiUser',
      method: 'POST',
      path: '/Users/CiUsers',
      tag,
      summary: 'Add a CI user',
      body: z.object({ name: z.string(), responsible: idSchema<UserId>() }),
      shape,
      creates: true,
      run: (caller, input) => application.createCiUser(caller, input),
    }),
    change({
      useCase: 'deactivateUser',
      method: 'POST',
      path: `${path}/Deactivate`,
      tag,
      summary: 'End what a user can do',
      parameters,
      body: z.object({ ...basedOn, ...reasoned }),
      shape,
      run: (caller, input) => application.deactivateUser(caller, input),
    }),
    change({
      useCase: 'reactivateUser',
      method: 'POST',
      path: `${path}/Reactivate`,
      tag,
      summary: 'Let a user act again',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.reactivateUser(caller, input),
    }),
    change({
      useCase: 'eraseUser',
      method: 'POST',
      path: `${path}/Erase`,
      tag,
      summary: 'Erase what is known of a user, for good: name and address are unreadable everywhere from then on',
      parameters,
      shape: {
        ...shape,
        keyDestroyed: z.boolean().meta({
          description: 'Whether the key of name and address is destroyed; else it was not at hand, and it will be.',
        }),
      },
      run: (caller, input) => application.eraseUser(caller, input),
    }),
    change({
      useCase: 'grantGlobalRole',
      method: 'PUT',
      path: `${path}/Roles/{role}`,
      tag,
      summary: 'Give a user a global role',
      parameters: z.object({ userId: idSchema<UserId>(), role }),
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.grantGlobalRole(caller, input),
    }),
    change({
      useCase: 'withdrawGlobalRole',
      method: 'DELETE',
      path: `${path}/Roles/{role}`,
      tag,
      summary: 'Take a global role from a user',
      parameters: z.object({ userId: idSchema<UserId>(), role }),
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.withdrawGlobalRole(caller, input),
    }),
    change({
      useCase: 'linkBuildActor',
      method: 'PUT',
      path: `${path}/BuildActors/{actorId}`,
      tag,
      summary: 'Say which actor of a build system a user is: what they build counts as submitted by the user',
      parameters: ofActor,
      body: fromSystem,
      shape: { ...shape, actorId: z.string() },
      run: (caller, input) => application.linkBuildActor(caller, input),
    }),
    change({
      useCase: 'unlinkBuildActor',
      method: 'DELETE',
      path: `${path}/BuildActors/{actorId}`,
      tag,
      summary: 'End the link of a user with an actor of a build system',
      parameters: ofActor,
      body: fromSystem,
      shape: { ...shape, actorId: z.string() },
      run: (caller, input) => application.unlinkBuildActor(caller, input),
    }),
    change({
      useCase: 'issueApiToken',
      method: 'POST',
      path: `${path}/ApiTokens`,
      tag,
      summary: 'Make an API token: for oneself, or for a CI user',
      parameters,
      body: z.object({
        name: z.string(),
        expiresAt: momentSchema.nullable().default(null),
        access: z.enum(tokenAccesses).default('full'),
        projects: z
          .array(idSchema<ProjectId>())
          .nullable()
          .default(null)
          .meta({ description: 'What it is limited to; null: every project.' }),
        networks: z
          .array(z.string())
          .nullable()
          .default(null)
          .meta({ description: 'Where calls must come from, in CIDR notation; null: anywhere.' }),
      }),
      shape: { ...shape, apiTokenId: z.uuid(), token: z.string().meta({ description: 'Shown this once.' }) },
      creates: true,
      async run(caller, { access, projects, networks, ...input }) {
        const scope = { access, projects, networks }
        const { tokenId: apiTokenId, ...issued } = await application.issueApiToken(caller, { ...input, scope })
        return { ...issued, apiTokenId }
      },
    }),
    change({
      useCase: 'revokeApiToken',
      method: 'DELETE',
      path: `${path}/ApiTokens/{apiTokenId}`,
      tag,
      summary: 'End an API token',
      parameters: z.object({ userId: idSchema<UserId>(), apiTokenId: idSchema<ApiTokenId>() }),
      body: z.object(basedOn),
      shape,
      run: (caller, { apiTokenId: tokenId, ...input }) => application.revokeApiToken(caller, { ...input, tokenId }),
    }),
  ]
}
