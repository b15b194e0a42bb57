import {
  type Evidence,
  furtherUnusualActivityText,
  type UnusualActivityRule,
  type UnusualSubject,
  unusualActivityText,
} from '../domain/index.ts'
import type { UnusualActivityView } from '../projections/index.ts'
import { builder } from './builder.ts'
import { SigningPolicyRef, UserRef } from './refs.ts'

/** What is looked for. */
export const UnusualActivityRuleRef = builder.enumType('UnusualActivityRule', {
  description: 'What is looked for in what people do.',
  values: {
    unusualHour: { description: 'A release policy is used at an hour at which it is not used.' },
    newNetwork: { description: 'Somebody uses a release policy from a network from which they never called.' },
    burstOfSubmissions: { description: 'Many more requests than usual, by one user or to one policy.' },
    repeatedDenials: { description: "Several denials within an hour, of one submitter's requests or of a policy's." },
    tokenInTwoNetworks: { description: 'One API token is used from two networks within minutes.' },
  } satisfies Record<UnusualActivityRule, object>,
})

const UnusualSubjectKindRef = builder.enumType('UnusualSubjectKind', {
  description: 'Whose activity is unusual.',
  values: {
    user: { description: 'That of a user.' },
    signingPolicy: { description: 'That at a signing policy, whoever acts there.' },
  } satisfies Record<UnusualSubject['about'], object>,
})

const EvidenceRef = builder.objectRef<Evidence>('Evidence').implement({
  description: 'An event that something rests on.',
  fields: (t) => ({
    eventId: t.exposeID('eventId', { description: 'UUID.' }),
    streamId: t.exposeString('streamId', { description: 'The entity: its kind, a hyphen, its UUID.' }),
  }),
})

const UnusualSubjectRef = builder.objectRef<UnusualSubject>('UnusualSubject').implement({
  description: 'Whose activity is unusual, and what it concerns.',
  fields: (t) => ({
    about: t.expose('about', { type: UnusualSubjectKindRef }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'The user that it is about; of a policy, who acted there last.',
      resolve: ({ userId }) => userId,
    }),
    userId: t.exposeID('userId', { nullable: true, description: 'UUID of that user.' }),
    signingPolicy: t.field({
      type: SigningPolicyRef,
      nullable: true,
      resolve: ({ signingPolicyId }) => signingPolicyId,
    }),
    signingPolicyId: t.exposeID('signingPolicyId', { nullable: true, description: 'UUID of that policy.' }),
  }),
})

/** Something unusual that was recorded. */
export const UnusualActivityRef = builder.objectRef<UnusualActivityView>('UnusualActivity').implement({
  description:
    'Something unusual that was found in what people do. It decides nothing: somebody should look at it. What many findings have in common is recorded together.',
  fields: (t) => ({
    eventId: t.exposeID('id', { description: 'UUID of the event.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it was recorded.' }),
    rule: t.expose('rule', { type: UnusualActivityRuleRef }),
    description: t.string({
      description: 'What was found, as a sentence.',
      resolve: ({ rule, count, finding }) =>
        finding === null ? furtherUnusualActivityText(rule, count) : unusualActivityText(finding, finding.about),
    }),
    count: t.exposeInt('count', {
      description: 'How many findings of the same kind this stands for: those since the last that was recorded.',
    }),
    firstAt: t.expose('firstAt', { type: 'DateTime', description: 'When it happened; of several, the first.' }),
    lastAt: t.expose('lastAt', { type: 'DateTime', description: 'When it happened; of several, the last.' }),
    subjects: t.expose('subjects', {
      type: [UnusualSubjectRef],
      description: 'Whom and what it is about: one, or, where findings were recorded together, up to fifty.',
    }),
    unnamed: t.exposeInt('unnamed', { description: 'How many of `count` are about others.' }),
    apiTokenId: t.id({
      nullable: true,
      description: 'UUID of the API token by which the last of it was done.',
      resolve: ({ finding }) => finding?.tokenId ?? null,
    }),
    signingRequestId: t.id({
      nullable: true,
      description: 'UUID of the request that was submitted, approved or denied last.',
      resolve: ({ finding }) => finding?.signingRequestId ?? null,
    }),
    seen: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What was seen: numbers by their names. Null where findings were recorded together.',
      resolve: ({ finding }) => finding?.seen ?? null,
    }),
    usual: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What is usual, in the same way.',
      resolve: ({ finding }) => finding?.usual ?? null,
    }),
    evidence: t.field({
      type: [EvidenceRef],
      description: 'Events that it rests on, the newest last; their addresses stand there.',
      resolve: ({ finding }) => [...(finding?.evidence ?? [])],
    }),
    remoteAddress: t.exposeString('remoteAddress', {
      nullable: true,
      description: 'Where the last of it came from; null when from several.',
    }),
    position: t.expose('position', { type: 'LogPosition' }),
  }),
})
