import type { PresentedToken, RefusalCount } from '../domain/index.ts'
import type { SecurityRefusalView } from '../projections/index.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { UserRef } from './refs.ts'

const PresentedTokenRef = builder.objectRef<PresentedToken>('PresentedToken').implement({
  description:
    'An API token that somebody presented and that does not work: it was revoked, has expired, is limited to other networks, or its user is deactivated. Who presents it has its secret.',
  fields: (t) => ({
    user: t.field({ type: UserRef, nullable: true, description: 'Whose it is.', resolve: ({ userId }) => userId }),
    userId: t.exposeID('userId', { description: 'UUID of that user.' }),
    apiTokenId: t.exposeID('tokenId', { description: 'UUID.' }),
  }),
})

const RefusalCountRef = builder.objectRef<RefusalCount>('SecurityRefusalKind').implement({
  description: 'How often one source was refused with one code.',
  fields: (t) => ({
    actor: t.expose('actor', { type: ActorRef }),
    remoteAddress: t.exposeString('remoteAddress', { nullable: true }),
    commands: t.exposeStringList('commands', { description: 'What was asked, each once, the first ten.' }),
    code: t.exposeString('code'),
    count: t.exposeInt('count'),
    presented: t.field({ type: PresentedTokenRef, nullable: true, resolve: ({ presented }) => presented ?? null }),
  }),
})

/** Refusals that were recorded together. */
export const SecurityRefusalRef = builder.objectRef<SecurityRefusalView>('SecurityRefusal').implement({
  description:
    'Refused commands that were recorded together: once or several times the same; or, when a minute had more kinds than are recorded one by one, all further ones.',
  fields: (t) => ({
    eventId: t.exposeID('id', { description: 'UUID of the event.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    actor: t.expose('actor', { type: ActorRef }),
    remoteAddress: t.exposeString('remoteAddress', {
      nullable: true,
      description: 'Where they came from: an address, or a network in CIDR notation; null when from several.',
    }),
    commands: t.exposeStringList('commands', {
      description: 'What was asked, such as `approveSigningRequest`: each once, the first ten; none for several kinds.',
    }),
    code: t.exposeString('code', { nullable: true, description: 'Null for several kinds.' }),
    subject: t.exposeString('subject', {
      nullable: true,
      description: 'The id of the entity that all of them were about, when the organization has it.',
    }),
    count: t.exposeInt('count', { description: 'How many refusals this stands for.' }),
    firstAt: t.expose('firstAt', { type: 'DateTime' }),
    lastAt: t.expose('lastAt', { type: 'DateTime' }),
    kinds: t.expose('kinds', {
      type: [RefusalCountRef],
      description: 'When it stands for several kinds: those that are known.',
    }),
    presented: t.expose('presented', {
      type: PresentedTokenRef,
      nullable: true,
      description: 'The token that was presented, where it is one that the organization knows.',
    }),
    unnamed: t.exposeInt('unnamed', { description: 'How many of `count` are of none of `kinds`.' }),
    position: t.expose('position', { type: 'LogPosition' }),
  }),
})
