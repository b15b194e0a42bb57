import { onTestFinished } from 'vitest'
import { attemptWebHookDelivery, type WebHookDeliveryDependencies } from '../../activities/attempt-web-hook-delivery.ts'
import type { WebHookInput, WebHookSecretIssued } from '../../application/index.ts'
import {
  type SigningRequestId,
  streams,
  type WebHookEvent,
  type WebHookId,
  webHookDeadlineMs,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { followLog, type Notification } from '../../notifications/index.ts'
import { limitByKey, webHookChannel } from '../../notifications/web-hooks/index.ts'
import { openOutgoing } from '../../outgoing/index.ts'
import { type TestApplication, type TestCaller, testApplication } from './test-application.ts'
import { startWebHookReceiver, type WebHookReceiver } from './web-hook-receiver.ts'

/** An organization with web hooks, a receiver, and what tells it, without Temporal. */
export type WebHookWorld = {
  readonly test: TestApplication
  readonly administrator: TestCaller
  readonly receiver: WebHookReceiver
  readonly dependencies: WebHookDeliveryDependencies
  readonly hook: (input?: Partial<WebHookInput>) => Promise<WebHookSecretIssued>
  /** Submits a request that fails at once. */
  readonly failedRequest: () => Promise<SigningRequestId>
  /** What is in the outbox when the channel has followed the log to its end. */
  readonly outbox: () => Promise<readonly Notification[]>
  readonly attempt: (
    id: string,
    attempt?: number,
    round?: number,
    remainingMs?: number,
  ) => ReturnType<typeof attemptWebHookDelivery>
  /** The types of the web hook's events. */
  readonly events: (webHookId: WebHookId) => Promise<readonly WebHookEvent['type'][]>
}

/** Makes it; everything is gone when the running test has finished. */
export async function webHookWorld(): Promise<WebHookWorld> {
  const test = await testApplication()
  const { log, now } = test.dependencies
  const { notifications } = test.webHooks
  const { secrets } = test
  const receiver = await startWebHookReceiver()
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.0/8'] })
  onTestFinished(() => outgoing.close())
  const administrator = await test.user('Gina', 'globalAdministrator')
  await test.policy({ submitters: [administrator] })
  const dependencies: WebHookDeliveryDependencies = {
    log,
    notifications,
    call: (url, request) => outgoing.request(url, request),
    readSecret: async ({ purpose, id }) => secrets.get(`${purpose} ${id}`),
    limit: limitByKey(4),
    now,
  }
  const channel = webHookChannel({ log, now })
  return {
    test,
    administrator,
    receiver,
    dependencies,
    hook: (input = {}) =>
      test.application.createWebHook(administrator, {
        projectId: null,
        name: 'Hook',
        url: receiver.url,
        eventTypes: ['completed', 'failed', 'denied', 'canceled'],
        authorization: null,
        secret: null,
        ...input,
      }),
    async failedRequest() {
      const id = await test.submit(administrator)
      const failure = { code: 'FORMAT_NOT_SUPPORTED', message: 'The file is none.', path: null }
      await test.tell(id, { type: 'Fail', workflowStatus: 'ProcessingFailed', failure })
      return id
    },
    async outbox() {
      const following = followLog({ log, store: notifications, now }, channel)
      await following.drain()
      await following.close()
      return notifications.startable('webHooks', 100)
    },
    attempt: (id, attempt = 1, round = 0, remainingMs = webHookDeadlineMs) =>
      attemptWebHookDelivery(dependencies, { id, round, attempt, remainingMs }),
    events: async (webHookId) =>
      (await readWholeStream(log, streams.webHook(webHookId))).events.map(({ type }) => type as WebHookEvent['type']),
  }
}
