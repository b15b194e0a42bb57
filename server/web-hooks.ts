import type { KeptAttempt } from '../activities/attempt-web-hook-delivery.ts'
import type { WebHookAttempt, WebHookDelivery, WebHookPorts } from '../application/index.ts'
import type { Attempt, Notification, NotificationStore } from '../notifications/index.ts'
import { parseWebHookContent, webHookLane } from '../notifications/web-hooks/index.ts'
import type { Outside } from './outside.ts'

/** What use cases of web hooks have of this process: where secrets are kept, which addresses may be called, what was sent. */
export function webHookPorts({
  outside: { secrets, outgoing },
  notifications,
}: {
  readonly outside: {
    readonly secrets: Pick<Outside['secrets'], 'put' | 'remove'>
    readonly outgoing: Pick<Outside['outgoing'], 'checkTarget'>
  }
  readonly notifications: NotificationStore
}): WebHookPorts {
  return {
    secrets,
    checkTarget: (url) => outgoing.checkTarget(url),
    deliveries: {
      async find(deliveryId) {
        const notification = await notifications.find(deliveryId)
        return notification?.channel === 'webHooks' ? deliveryOf(notification) : undefined
      },
      async list({ webHookId, ...filter }, limit) {
        const found = await notifications.list({ ...filter, lane: webHookLane(webHookId) }, limit)
        return found.map(deliveryOf)
      },
      attempts: async (deliveryId) => (await notifications.attempts(deliveryId)).map(attemptOf),
    },
  }
}

function deliveryOf(notification: Notification): WebHookDelivery {
  const { id, organizationId, content, createdAt, status, nextAttemptAt, finishedAt, attempts } = notification
  const times = { createdAt, nextAttemptAt, finishedAt }
  return { deliveryId: id, organizationId, status, attemptCount: attempts, ...times, ...parseWebHookContent(content) }
}

function attemptOf({ at, durationMs, round, facts }: Attempt): WebHookAttempt {
  const { url, status, answer, failure, message } = JSON.parse(facts) as KeptAttempt
  return { at, durationMs, round, url, status, answer, failure, message }
}
