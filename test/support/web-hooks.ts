import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { WebHookPorts } from '../../application/index.ts'
import type { OrganizationId, SigningRequestId, WebHookId } from '../../domain/index.ts'
import type { EventLog, LogPosition } from '../../event-log/index.ts'
import { type NotificationStore, openSqliteNotificationStore } from '../../notifications/index.ts'
import { type WebHookContent, webHookLane } from '../../notifications/web-hooks/index.ts'
import { OutgoingError } from '../../outgoing/index.ts'
import { webHookPorts } from '../../server/web-hooks.ts'
import { webHooksInLog } from './submitters-in-log.ts'

/** What use cases of web hooks have in tests: a store of notifications that is made when it is used. */
export type TestWebHooks = {
  readonly ports: WebHookPorts
  readonly notifications: NotificationStore
  readonly checkTarget: (url: string) => Promise<unknown>
  /** Every address that was checked. */
  readonly checked: readonly string[]
}

/** An address that may not be called, as far as {@link testWebHooks} knows. */
export const refusedTarget = 'https://10.0.0.1/hook'

/**
 * @param folder where the store is to be
 * @param log where web hooks are counted
 */
export function testWebHooks(folder: string, log: EventLog): TestWebHooks {
  const checked: string[] = []
  const notifications = openSqliteNotificationStore(join(folder, 'notifications.db'))
  const checkTarget = async (url: string) => {
    checked.push(url)
    if (url === refusedTarget)
      throw new OutgoingError('OUTGOING_ADDRESS_REFUSED', 'The address is in a network that is not called.')
    return new URL(url)
  }
  const ports = webHookPorts({
    notifications,
    count: webHooksInLog(log),
  })
  return { ports, notifications, checkTarget, checked }
}

/** Puts a message to a web hook into the store that was delivered, and says its id. */
export async function deliveredTo(
  notifications: NotificationStore,
  organizationId: OrganizationId,
  webHookId: WebHookId,
): Promise<string> {
  const id = randomUUID()
  const at = '2026-03-01T12:00:00.000Z'
  const signingRequestId = randomUUID() as SigningRequestId
  const content: WebHookContent = { webHookId, signingRequestId, eventType: 'completed', body: '{}' }
  const { checkpoint: after } = await notifications.progress('webHooks', at)
  const checkpoint = { position: (after?.position ?? '0') as LogPosition, eventId: id }
  await notifications.save({
    channel: 'webHooks',
    after,
    checkpoint,
    remembered: new Map(),
    notifications: [
      { id, organizationId, lane: webHookLane(webHookId), content: JSON.stringify(content), createdAt: at },
    ],
    again: [],
  })
  const facts = { url: 'https://hooks.example/', status: 200, answer: 'ok', failure: null, message: null }
  await notifications.record(
    id,
    {
      round: 0,
      attempt: 1,
      at,
      durationMs: 12,
      facts: JSON.stringify({ ...facts, outcome: 'delivered', pauseMs: null }),
    },
    { status: 'delivered', finishedAt: at },
  )
  return id
}
