import {
  type WebHookAttempt,
  type WebHookDelivery,
  type WebHookDeliveryStatus,
  type WebHookDeliveryWithAttempts,
  webHookDeliveryStatuses,
} from '../application/index.ts'
import { Refusal, type WebHookId } from '../domain/index.ts'
import { decodeCursor, encodeCursor, type Page, parsePageRequest } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { parseEntityId } from './global-id.ts'
import { minimumPosition } from './minimum-position.ts'
import { SigningRequestRef } from './refs.ts'
import { WebHookEventTypeRef } from './web-hook.ts'

const described: Readonly<Record<WebHookDeliveryStatus, string>> = {
  waiting: 'It waits for its turn.',
  underWay: 'It is tried, now or after a pause.',
  delivered: 'The receiver took it.',
  abandoned: 'It was tried for three days.',
  canceled: 'The web hook was turned off before.',
}

const StatusRef = builder.enumType('WebHookDeliveryStatus', {
  description: 'Where a delivery stands.',
  values: Object.fromEntries(
    webHookDeliveryStatuses.map((status) => [status, { value: status, description: described[status] }]),
  ) as Record<WebHookDeliveryStatus, { value: WebHookDeliveryStatus; description: string }>,
})

const AttemptRef = builder.objectRef<WebHookAttempt>('WebHookAttempt').implement({
  description: 'One attempt to deliver a message.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    durationMs: t.exposeInt('durationMs'),
    round: t.exposeInt('round', { description: 'How often somebody had the message sent again before.' }),
    url: t.exposeString('url', { description: "The web hook's address at that time." }),
    status: t.exposeInt('status', { nullable: true, description: 'Of the answer; null when there was none.' }),
    answer: t.exposeString('answer', {
      nullable: true,
      description: 'The first 4 KB of the answer; null when there was none, or when the address may not be called.',
    }),
    failure: t.exposeString('failure', {
      nullable: true,
      description: 'Null when the receiver took it; else such as `HTTP_503`, or a code of this service.',
    }),
    message: t.exposeString('message', { nullable: true, description: 'The same for people.' }),
  }),
})

const DeliveryRef = builder.objectRef<WebHookDelivery>('WebHookDelivery').implement({
  description: 'A message to a web hook. It is kept for 90 days after it was finished.',
  fields: (t) => ({
    deliveryId: t.exposeID('deliveryId', { description: 'UUID; receivers see it as `webhook-id`.' }),
    signingRequest: t.field({
      type: SigningRequestRef,
      nullable: true,
      resolve: ({ signingRequestId }) => signingRequestId,
    }),
    eventType: t.expose('eventType', { type: WebHookEventTypeRef }),
    status: t.expose('status', { type: StatusRef }),
    body: t.exposeString('body', { description: 'What is sent, to the letter.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    nextAttemptAt: t.expose('nextAttemptAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    attemptCount: t.exposeInt('attemptCount', { description: 'How often it was tried.' }),
  }),
})

const DeliveryWithAttemptsRef = builder
  .objectRef<WebHookDeliveryWithAttempts>('WebHookDeliveryWithAttempts')
  .implement({
    description: 'A message to a web hook, with what came of it.',
    fields: (t) => ({
      delivery: t.field({ type: DeliveryRef, resolve: (delivery) => delivery }),
      attempts: t.field({
        type: [AttemptRef],
        description: 'The oldest first.',
        resolve: ({ attempts }) => [...attempts],
      }),
    }),
  })

builder.queryFields((t) => ({
  webHookDeliveries: t.connection(
    {
      type: DeliveryRef,
      description: 'What a web hook was told, newest first. It can be paged forwards.',
      args: {
        webHookId: t.arg.id({ required: true, description: 'UUID or node id.' }),
        status: t.arg({ type: StatusRef }),
        minimumPosition: minimumPosition(t),
      },
      async resolve(_root, { webHookId, status, ...page }, { application, caller }) {
        const { direction, size, after, before } = parsePageRequest(page)
        if (direction === 'backward' || before !== undefined)
          throw new Refusal('PAGE_MALFORMED', 'Deliveries are paged forwards: give first and after.')
        const cursor = after === undefined ? undefined : decodeCursor(after)
        const found = await application.webHookDeliveries(caller, {
          webHookId: parseEntityId<WebHookId>(webHookId, 'WebHook'),
          status,
          limit: size + 1,
          after: cursor && { createdAt: cursor.key, id: cursor.id },
        })
        return asConnection(pageOf(found, size, after !== undefined))
      },
    },
    { name: 'WebHookDeliveryConnection' },
  ),
  webHookDelivery: t.field({
    type: DeliveryWithAttemptsRef,
    description: 'A message to a web hook, with each attempt to deliver it.',
    args: { deliveryId: t.arg.id({ required: true, description: 'UUID.' }), minimumPosition: minimumPosition(t) },
    resolve: (_root, { deliveryId }, { application, caller }) => application.webHookDelivery(caller, { deliveryId }),
  }),
}))

function pageOf(found: readonly WebHookDelivery[], size: number, hasPreviousPage: boolean): Page<WebHookDelivery> {
  const items = found
    .slice(0, size)
    .map((item) => ({ cursor: encodeCursor({ key: item.createdAt, id: item.deliveryId }), item }))
  return { items, hasNextPage: found.length > size, hasPreviousPage }
}
