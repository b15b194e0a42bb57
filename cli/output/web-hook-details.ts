import type { WebHookAttempt, WebHookDelivery, WebHookDetails } from '../documents/web-hooks.ts'
import { readableTime } from './quantities.ts'
import { type Cell, fieldList, type Marker, statusCell, table } from './table.ts'

/** Everything about a web hook. */
export function webHookText(hook: WebHookDetails, marker: Marker): string {
  const { disabled } = hook
  const fields: (readonly [string, Cell | null])[] = [
    ['web hook', hook.webHookId],
    ['name', hook.name],
    ['url', hook.url],
    ['project', hook.project?.slug ?? 'all projects'],
    ['told', hook.eventTypes.join(', ')],
    ['status', statusCell(hook.status, 'enabled')],
    ['why', disabled?.cause === 'gone' ? 'its receiver answered that it is gone (410)' : (disabled?.reason ?? null)],
    ['authorization', hook.hasAuthorization ? 'is sent' : 'none'],
    ['created', readableTime(hook.createdAt)],
    ['revision', String(hook.revision)],
  ]
  const rows = hook.secrets.map(({ secretId, madeAt, validUntil }) => [
    secretId,
    readableTime(madeAt),
    validUntil === null ? '–' : readableTime(validUntil),
  ])
  return `${fieldList(fields, marker)}\n${table(['secret', 'made', 'signs until'], rows, marker)}`
}

/** What a web hook was told, a line each. */
export function deliveriesText(deliveries: readonly WebHookDelivery[], marker: Marker): string {
  if (deliveries.length === 0) return 'No deliveries.\n'
  const rows = deliveries.map(({ deliveryId, createdAt, eventType, signingRequest, status, attemptCount }) => [
    deliveryId,
    readableTime(createdAt),
    eventType,
    signingRequest?.signingRequestId ?? '–',
    statusCell(status, 'delivered'),
    String(attemptCount),
  ])
  return table(['delivery', 'time', 'told', 'request', 'status', 'attempts'], rows, marker)
}

/** A delivery and its attempts. */
export function deliveryText(
  delivery: WebHookDelivery & { readonly body: string },
  attempts: readonly WebHookAttempt[],
  marker: Marker,
): string {
  const fields: (readonly [string, Cell | null])[] = [
    ['delivery', delivery.deliveryId],
    ['told', delivery.eventType],
    ['request', delivery.signingRequest?.signingRequestId ?? null],
    ['status', statusCell(delivery.status, 'delivered')],
    ['created', readableTime(delivery.createdAt)],
    ['next attempt', delivery.nextAttemptAt === null ? null : readableTime(delivery.nextAttemptAt)],
    ['finished', delivery.finishedAt === null ? null : readableTime(delivery.finishedAt)],
    ['body', delivery.body],
  ]
  const rows = attempts.map(({ at, durationMs, failure, status, message, answer }) => [
    readableTime(at),
    failure ?? String(status),
    `${durationMs} ms`,
    message ?? '–',
    answer === null || answer === '' ? '–' : answer.slice(0, 80).replaceAll(/\s+/g, ' '),
  ])
  return `${fieldList(fields, marker)}\n${table(['time', 'outcome', 'took', 'what it means', 'answer'], rows, marker)}`
}
