import type { KeptAttempt } from '../activities/attempt-web-hook-delivery.ts'
import type { WebHookAttempt, WebHookDelivery, WebHookPorts } from '../application/index.ts'
import { mostWebHooks } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Attempt, Notification, NotificationStore } from '../notifications/index.ts'
import { parseWebHookContent, webHookLane } from '../notifications/web-hooks/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { answeredByReadModel, catchUpWith } from './submitter-index.ts'

/** What use cases of web hooks have of this process: how many there are, and what was sent. */
export function webHookPorts({
  notifications,
  count,
}: {
  readonly notifications: NotificationStore
  readonly count: WebHookPorts['count']
}): WebHookPorts {
  return {
    count,
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

/** The same with the read model, which web hooks are counted in. */
export function openWebHookPorts({
  log,
  readModel,
  ...parts
}: Omit<Parameters<typeof webHookPorts>[0], 'count'> & {
  readonly log: Pick<EventLog, 'head'>
  readonly readModel: Pick<ReadModel, 'listWebHooks' | 'waitFor'>
}): WebHookPorts {
  return webHookPorts({ ...parts, count: webHookCount(log, readModel) })
}

/** Counts web hooks in the read model, when it is where the log is; fails with `ServiceError` when it is away. */
function webHookCount(
  log: Pick<EventLog, 'head'>,
  readModel: Pick<ReadModel, 'listWebHooks' | 'waitFor'>,
): WebHookPorts['count'] {
  return async (organizationId, projectId) => {
    await catchUpWith(log, readModel)
    const page = { direction: 'forward', size: mostWebHooks } as const
    return (await answeredByReadModel(() => readModel.listWebHooks(organizationId, { projectId }, page))).items.length
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
