import type { ErasedUser, IssuedApiToken } from '../application/index.ts'
import { type ApiTokenId, type ProjectId, parseId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { ApiTokenAccessRef, GlobalRoleRef } from './enums.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { basedOnRevisionDescription, UserChangeRef, UserPayloadRef, userIdOf } from './user-change.ts'

const IssuedTokenPayloadRef = builder.objectRef<IssuedApiToken>('IssuedApiTokenPayload').implement({
  description: 'An API token that was made.',
  interfaces: [UserChangeRef, ControlledChangeRef],
  isTypeOf: () => true,
  fields: (t) => ({
    apiTokenId: t.exposeID('tokenId', { description: 'UUID.' }),
    token: t.exposeString('token', { description: 'The token itself. It is shown this once, and kept nowhere.' }),
  }),
})

const UserErasurePayloadRef = builder.objectRef<ErasedUser>('UserErasurePayload').implement({
  description: 'A user who was erased.',
  interfaces: [UserChangeRef, ControlledChangeRef],
  isTypeOf: () => true,
  fields: (t) => ({
    keyDestroyed: t.exposeBoolean('keyDestroyed', {
      description: 'Whether the key of name and address is destroyed; otherwise it was not at hand, and it will be.',
    }),
  }),
})

const CreateCiUserInput = builder.inputType('CreateCiUserInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    responsible: t.id({ required: true, description: 'The person who answers for it: UUID or node id.' }),
  }),
})

const DeactivateUserInput = builder.inputType('DeactivateUserInput', {
  fields: (t) => ({
    userId: t.id({ required: true, description: 'UUID or node id.' }),
    reason: t.string(),
    basedOnRevision: t.int({ description: basedOnRevisionDescription }),
  }),
})

const ReactivateUserInput = builder.inputType('ReactivateUserInput', {
  fields: (t) => ({
    userId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: basedOnRevisionDescription }),
  }),
})

const EraseUserInput = builder.inputType('EraseUserInput', {
  fields: (t) => ({ userId: t.id({ required: true, description: 'UUID or node id.' }) }),
})

const GlobalRoleInput = builder.inputType('GlobalRoleInput', {
  fields: (t) => ({
    userId: t.id({ required: true, description: 'UUID or node id.' }),
    role: t.field({ type: GlobalRoleRef, required: true }),
    basedOnRevision: t.int({ description: basedOnRevisionDescription }),
  }),
})

const IssueApiTokenInput = builder.inputType('IssueApiTokenInput', {
  fields: (t) => ({
    userId: t.id({ required: true, description: 'UUID or node id.' }),
    name: t.string({ required: true, description: 'What the token is for.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'The moment from which it does not work. Null: never.' }),
    access: t.field({ type: ApiTokenAccessRef, description: 'Full when absent.' }),
    projects: t.idList({ description: 'What it is limited to: UUIDs or node ids. Null: every project.' }),
    networks: t.stringList({ description: 'Where calls must come from, in CIDR notation. Null: anywhere.' }),
  }),
})

const RevokeApiTokenInput = builder.inputType('RevokeApiTokenInput', {
  fields: (t) => ({
    userId: t.id({ required: true, description: 'Whose token it is: UUID or node id.' }),
    apiTokenId: t.id({ required: true, description: 'UUID.' }),
    basedOnRevision: t.int({ description: basedOnRevisionDescription }),
  }),
})

builder.mutationFields((t) => ({
  createCiUser: t.field({
    type: UserPayloadRef,
    description: 'Adds a CI user, which has no roles at first, holds API tokens only and never signs in.',
    args: { input: t.arg({ type: CreateCiUserInput, required: true }) },
    resolve: (_root, { input: { name, responsible } }, context) =>
      onceProjected(
        context,
        context.application.createCiUser(context.caller, { name, responsible: userIdOf(responsible) }),
      ),
  }),
  deactivateUser: t.field({
    type: UserPayloadRef,
    description: 'Ends what a user can do, at once, until they are reactivated.',
    args: { input: t.arg({ type: DeactivateUserInput, required: true }) },
    resolve: (_root, { input: { userId, reason = null, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.deactivateUser(context.caller, { userId: userIdOf(userId), reason, basedOnRevision }),
      ),
  }),
  reactivateUser: t.field({
    type: UserPayloadRef,
    description: 'Lets a user act again, with the roles and tokens that they have.',
    args: { input: t.arg({ type: ReactivateUserInput, required: true }) },
    resolve: (_root, { input: { userId, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.reactivateUser(context.caller, { userId: userIdOf(userId), basedOnRevision }),
      ),
  }),
  eraseUser: t.field({
    type: UserErasurePayloadRef,
    description: 'Erases what is known of a user, for good: name and address are unreadable everywhere from then on.',
    args: { input: t.arg({ type: EraseUserInput, required: true }) },
    resolve: (_root, { input: { userId } }, context) =>
      onceProjected(context, context.application.eraseUser(context.caller, { userId: userIdOf(userId) })),
  }),
  grantGlobalRole: t.field({
    type: UserPayloadRef,
    description: 'Gives a user a global role.',
    args: { input: t.arg({ type: GlobalRoleInput, required: true }) },
    resolve: (_root, { input: { userId, role, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.grantGlobalRole(context.caller, { userId: userIdOf(userId), role, basedOnRevision }),
      ),
  }),
  withdrawGlobalRole: t.field({
    type: UserPayloadRef,
    description: 'Takes a global role from a user.',
    args: { input: t.arg({ type: GlobalRoleInput, required: true }) },
    resolve: (_root, { input: { userId, role, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.withdrawGlobalRole(context.caller, { userId: userIdOf(userId), role, basedOnRevision }),
      ),
  }),
  issueApiToken: t.field({
    type: IssuedTokenPayloadRef,
    description: 'Makes an API token, which the answer shows this once.',
    args: { input: t.arg({ type: IssueApiTokenInput, required: true }) },
    resolve: (_root, { input: { userId, name, expiresAt = null, access, projects, networks } }, context) =>
      onceProjected(
        context,
        context.application.issueApiToken(context.caller, {
          userId: userIdOf(userId),
          name,
          expiresAt,
          scope: {
            access: access ?? 'full',
            projects: projects?.map((id) => parseEntityId<ProjectId>(id, 'Project')) ?? null,
            networks: networks ?? null,
          },
        }),
      ),
  }),
  revokeApiToken: t.field({
    type: UserPayloadRef,
    description: 'Ends an API token, at once.',
    args: { input: t.arg({ type: RevokeApiTokenInput, required: true }) },
    resolve: (_root, { input: { userId, apiTokenId, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.revokeApiToken(context.caller, {
          userId: userIdOf(userId),
          tokenId: parseId<ApiTokenId>(apiTokenId, 'The id of the API token'),
          basedOnRevision,
        }),
      ),
  }),
}))
