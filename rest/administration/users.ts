import { z } from 'zod'
import type { Application, Caller, PersonReader } from '../../application/index.ts'
import { type ApiTokenId, displayName, globalRoles, hasPermission, type UserId } from '../../domain/index.ts'
import type { UserView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { basedOn, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

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

const userSchema = z.object({
  userId: z.uuid(),
  kind: z.enum(['interactive', 'ci']),
  status: z.enum(['invited', 'active', 'deactivated']),
  name: z.string(),
  email: z.string().nullable().meta({
    description:
      'Null when there is none or it cannot be read, and for everyone but the user and administrators of users.',
  }),
  roles: z.array(role),
  responsible: z.uuid().nullable().meta({ description: 'Who answers for a CI user.' }),
  ...recordedShape,
})

/** Users: what GraphQL calls by the same names. */
export function userOperations(
  reading: Reading & { readonly application: Application; readonly persons: PersonReader },
): readonly Operation[] {
  const { application, readModel, persons } = reading
  const show = (view: UserView, caller: Caller) => shown(persons, view, caller)
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
      useCase: 'issueApiToken',
      method: 'POST',
      path: `${path}/ApiTokens`,
      tag,
      summary: 'Make an API token: for oneself, or for a CI user',
      parameters,
      body: z.object({ name: z.string(), expiresAt: z.iso.datetime().nullable().default(null) }),
      shape: { ...shape, apiTokenId: z.uuid(), token: z.string().meta({ description: 'Shown this once.' }) },
      creates: true,
      async run(caller, input) {
        const { tokenId: apiTokenId, ...issued } = await application.issueApiToken(caller, input)
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

async function shown(persons: PersonReader, view: UserView, caller: Caller): Promise<z.input<typeof userSchema>> {
  const { userId, kind, status, roles, responsible = null, revision, createdAt, updatedAt } = view
  const [person = { status: 'unavailable' } as const] = await persons.read([view])
  const maySee = hasPermission(caller, 'readPrivateUserData', caller.userId === userId ? ['self'] : [])
  const email = maySee && person.status === 'readable' ? person.email : null
  const facts = { userId, kind, status, name: displayName(userId, person), email, roles: [...roles], responsible }
  return { ...facts, revision, createdAt, updatedAt }
}
