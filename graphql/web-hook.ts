import { type WebHook, type WebHookEventType, webHookEventTypes } from '../domain/index.ts'
import type { WebHookView } from '../projections/index.ts'
import { builder } from './builder.ts'
import { EntityRef } from './entity.ts'
import { ProjectRef, WebHookRef } from './refs.ts'

const described: Readonly<Record<WebHookEventType, string>> = {
  submitted: 'It was submitted.',
  waitingForApproval: 'It waits for the approval of people.',
  approved: 'Somebody approved it; others may have to.',
  completed: 'It is signed.',
  failed: 'It failed.',
  denied: 'It was denied, or not approved in time.',
  canceled: 'It was canceled.',
}

/** What of a signing request a web hook is told. */
export const WebHookEventTypeRef = builder.enumType('WebHookEventType', {
  description: 'What of a signing request a web hook is told.',
  values: Object.fromEntries(
    webHookEventTypes.map((type) => [type, { value: type, description: described[type] }]),
  ) as Record<WebHookEventType, { value: WebHookEventType; description: string }>,
})

const WebHookStatusRef = builder.enumType('WebHookStatus', {
  values: {
    enabled: { value: 'enabled' as const },
    disabled: { value: 'disabled' as const, description: 'It is told nothing.' },
    deleted: { value: 'deleted' as const, description: 'It is no more; its history stays.' },
  } satisfies Record<WebHook['status'], object>,
})

const WebHookDisablingCauseRef = builder.enumType('WebHookDisablingCause', {
  values: {
    asked: { value: 'asked' as const, description: 'Somebody turned it off.' },
    gone: { value: 'gone' as const, description: 'Its receiver answered that nobody is there any more (410).' },
  },
})

const WebHookDisablingRef = builder.objectRef<NonNullable<WebHookView['disabled']>>('WebHookDisabling').implement({
  description: 'Why a web hook is told nothing.',
  fields: (t) => ({
    cause: t.expose('cause', { type: WebHookDisablingCauseRef }),
    reason: t.exposeString('reason', { nullable: true }),
  }),
})

const WebHookSecretRef = builder.objectRef<WebHookView['secrets'][number]>('WebHookSecret').implement({
  description: 'A secret that signs the messages of a web hook. The secret itself is shown only to whoever makes it.',
  fields: (t) => ({
    secretId: t.exposeID('secretId', { description: 'UUID.' }),
    madeAt: t.expose('madeAt', { type: 'DateTime' }),
    validUntil: t.expose('validUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when one that was replaced signs beside the newest. Null: it is the newest.',
    }),
  }),
})

WebHookRef.implement({
  description: 'An address that is told of signing requests: of one project, or of all.',
  interfaces: [EntityRef],
  fields: (t) => ({
    webHookId: t.exposeID('webHookId', { description: 'UUID.' }),
    project: t.field({
      type: ProjectRef,
      nullable: true,
      description: 'Whose requests it is told of. Null: those of all projects.',
      resolve: ({ projectId }) => projectId,
    }),
    name: t.exposeString('name'),
    url: t.exposeString('url'),
    eventTypes: t.field({ type: [WebHookEventTypeRef], resolve: ({ eventTypes }) => [...eventTypes] }),
    status: t.expose('status', { type: WebHookStatusRef }),
    disabled: t.expose('disabled', { type: WebHookDisablingRef, nullable: true }),
    hasAuthorization: t.exposeBoolean('hasAuthorization', {
      description: 'Whether its messages carry an Authorization header. The value is shown to nobody.',
    }),
    secrets: t.field({
      type: [WebHookSecretRef],
      description: 'Those that sign, the newest first: two while one is replaced.',
      resolve: ({ secrets }) => [...secrets],
    }),
  }),
})
