import type { BuildActorReference } from '../domain/index.ts'
import type { ApiTokenView, InvitationView } from '../projections/index.ts'
import { builder } from './builder.ts'
import {
  ApiTokenAccessRef,
  ApiTokenStatusRef,
  GlobalRoleRef,
  PersonalDataStatusRef,
  UserKindRef,
  UserStatusRef,
} from './enums.ts'
import { lastUseOf } from './history.ts'
import { nameOf, readPerson } from './person.ts'
import { ProjectRef, UserRef } from './refs.ts'

/** An API token, without its secret. */
export const ApiTokenRef = builder.objectRef<ApiTokenView>('ApiToken').implement({
  description: 'An API token. Its secret was shown once, when it was issued.',
  fields: (t) => ({
    apiTokenId: t.exposeID('tokenId', { description: 'UUID.' }),
    name: t.exposeString('name'),
    prefix: t.exposeString('prefix', { description: 'The first characters of the secret, to recognise it by.' }),
    status: t.expose('status', { type: ApiTokenStatusRef }),
    issuedAt: t.expose('issuedAt', { type: 'DateTime' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: 'Null: never.' }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'To the day (UTC): the first use of the last day on which it was used. Null: never.',
      resolve: async ({ tokenId }, _, context) => (await lastUseOf(tokenId, context))?.metadata.occurredAt ?? null,
    }),
    lastUsedFrom: t.string({
      nullable: true,
      description: 'The network address of that use, where one is known.',
      resolve: async ({ tokenId }, _, context) => (await lastUseOf(tokenId, context))?.metadata.remoteAddress ?? null,
    }),
    access: t.field({ type: ApiTokenAccessRef, resolve: ({ scope }) => scope.access }),
    projects: t.field({
      type: [ProjectRef],
      nullable: { list: true, items: true },
      description:
        'In which alone it may submit, decide, cancel and download, and administers nothing. Null: every one.',
      resolve: ({ scope }) => scope.projects && [...scope.projects],
    }),
    networks: t.stringList({
      nullable: true,
      description: 'Networks that calls must come from, in CIDR notation. Null: anywhere.',
      resolve: ({ scope }) => scope.networks && [...scope.networks],
    }),
  }),
})

const InvitationStatusRef = builder.enumType('InvitationStatus', {
  values: {
    open: { value: 'open' as const },
    accepted: { value: 'accepted' as const },
    revoked: { value: 'revoked' as const },
    replaced: { value: 'replaced' as const, description: 'A newer invitation took its place.' },
    expired: { value: 'expired' as const },
  },
})

const InvitationRef = builder.objectRef<InvitationView>('Invitation').implement({
  description: 'The last invitation of a person. Its token was shown once, when it was made.',
  fields: (t) => ({
    invitationId: t.exposeID('invitationId', { description: 'UUID.' }),
    status: t.expose('status', { type: InvitationStatusRef }),
    invitedAt: t.expose('invitedAt', { type: 'DateTime' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime' }),
    addressProved: t.exposeBoolean('addressProved', {
      description:
        'Whether it is known that the account is used by whom the address belongs to. Until then whoever invited counts among the people behind it.',
    }),
  }),
})

const LinkedBuildActorRef = builder.objectRef<BuildActorReference>('LinkedBuildActor').implement({
  description: 'An actor of a build system that is a user: what they build counts as submitted by the user.',
  fields: (t) => ({
    system: t.exposeString('system', {
      description: 'Whose id it is: the issuer of identity tokens, or the base URL of the API of the build system.',
    }),
    actorId: t.exposeString('actorId'),
  }),
})

UserRef.implement({
  description: 'A person or a CI system.',
  fields: (t) => ({
    userId: t.exposeID('userId', { description: 'UUID.' }),
    name: t.string({
      description: 'Once erased, `erased user` and the id; while it cannot be read, a text with the id that says so.',
      resolve: (user, _, context) => nameOf(user, context),
    }),
    personalData: t.field({
      type: PersonalDataStatusRef,
      description: 'Whether name and e-mail address can be read.',
      resolve: async (user, _, context) => (await readPerson(user, context)).status,
    }),
    kind: t.expose('kind', { type: UserKindRef }),
    status: t.expose('status', { type: UserStatusRef }),
    roles: t.field({ type: [GlobalRoleRef], resolve: ({ roles }) => [...roles] }),
    responsible: t.field({
      type: UserRef,
      nullable: true,
      description: 'The person who answers for a CI user. Null for persons.',
      resolve: ({ responsible }) => responsible ?? null,
    }),
    email: t.string({
      nullable: true,
      description:
        'Null when there is none or it cannot be read, and for everyone but the user and administrators of users.',
      resolve: async (user, _, context) => {
        const person = await readPerson(user, context)
        return person.status === 'readable' ? person.email : null
      },
    }),
    apiTokens: t.field({
      type: [ApiTokenRef],
      nullable: true,
      description: 'Null for everyone but the user and administrators of users.',
      resolve: ({ tokens }) => [...tokens],
    }),
    invitation: t.expose('invitation', {
      type: InvitationRef,
      nullable: true,
      description: 'Null for who was never invited, and for everyone but the user and administrators of users.',
    }),
    buildActors: t.field({
      type: [LinkedBuildActorRef],
      nullable: true,
      description:
        'The actors of build systems that are this user. Null for everyone but the user and administrators of users.',
      resolve: ({ buildActors = [] }) => [...buildActors],
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    revision: t.exposeInt('revision', {
      description: 'Of the newest event, from 0. Changes name the revision that they were made from.',
    }),
  }),
})
