import { streams, type WebHookId, type WebHookSecretId } from '../../../domain/index.ts'
import { fixedUuid } from '../submission.ts'
import { byToken, byWebHooks, id } from './facts.ts'
import { type EventHistory, exampleRequest } from './request-histories.ts'

const webHookId = fixedUuid<WebHookId>('3')
const deliveryId = fixedUuid('b')
const settings = {
  name: 'Releases',
  url: 'https://hooks.example/countersign',
  eventTypes: ['completed', 'failed', 'denied', 'canceled'],
  authorizationId: fixedUuid<WebHookSecretId>('4'),
} as const

/** Histories of a web hook, and of a delivery that somebody had sent again. */
export const webHookHistories: readonly EventHistory[] = [
  {
    streamId: streams.webHook(webHookId),
    events: [
      byToken('WebHookCreated', {
        webHookId,
        organizationId: id.organization,
        projectId: id.project,
        ...settings,
        secretId: fixedUuid<WebHookSecretId>('5'),
      }),
      byToken('WebHookChanged', { ...settings, eventTypes: ['completed'], authorizationId: null }),
      byToken('WebHookSecretRotated', {
        secretId: fixedUuid<WebHookSecretId>('6'),
        previousSecretValidUntil: '2026-03-08T12:00:00.000Z',
      }),
      byWebHooks('WebHookDeliveryAbandoned', {
        on: '2026-03-01',
        deliveryId,
        signingRequestId: exampleRequest,
        eventType: 'completed',
        lastFailure: 'HTTP_503',
      }),
      byWebHooks('WebHookDisabled', { cause: 'gone', reason: null }),
      byToken('WebHookEnabled', {}),
      byToken('WebHookDeleted', {}),
    ],
  },
  {
    streamId: streams.webHookDelivery(deliveryId),
    events: [byToken('WebHookDeliveryResendRequested', { webHookId, deliveryId })],
  },
]
