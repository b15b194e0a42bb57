import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { deliveryActivities } from '../activities/index.ts'
import type { Instant } from '../domain/index.ts'
import type { ConsumerStatus, EventLog } from '../event-log/index.ts'
import { followLog, type NotificationStore, startDispatch } from '../notifications/index.ts'
import { limitByKey, webHookChannel } from '../notifications/web-hooks/index.ts'
import { deliveryTaskQueue } from '../workflows/contract.ts'
import { temporalDeliveries } from '../workflows/deliveries.ts'
import { followingNotice } from './following-notice.ts'
import type { Outside } from './outside.ts'
import { type RunningWorker, runWorker, type TemporalTarget } from './temporal.ts'

/** What a worker tells people and systems outside. */
export type ServiceDelivery = Pick<RunningWorker, 'close'> & {
  /** For readiness: why nobody is told anything now. A notice, since signing goes on. */
  readonly notice: () => string | undefined
}

/** What telling others needs. */
export type DeliveryOptions = {
  readonly log: EventLog
  readonly notifications: NotificationStore
  readonly outside: Pick<Outside, 'outgoing' | 'secrets'>
  readonly client: Client
  readonly temporal: TemporalTarget
  readonly now: () => Instant
  /** What comes first; the log is followed when it is over. */
  readonly after: (signal: AbortSignal) => Promise<unknown>
  readonly logger: Logger
}

/** One web hook is sent so many messages at once by this process. */
const messagesAtOnce = 4
/** So many attempts are under way in this process: each only waits for somebody else's answer. */
const attemptsAtOnce = 200

/**
 * Tells web hooks what happens: follows the log, starts a workflow for each message, and makes the attempts that workflows ask
 * for, on a task queue of its own, so that slow receivers hold up no other work.
 *
 * @throws what makes a worker impossible whether Temporal is there or not
 */
export async function startDelivery(options: DeliveryOptions): Promise<ServiceDelivery> {
  const { log, notifications, outside, client, temporal, now, after, logger } = options
  const deliveries = temporalDeliveries(client)
  const activities = deliveryActivities({
    log,
    notifications,
    call: (url, request) => outside.outgoing.request(url, request),
    readSecret: async (place) => (await outside.secrets.get(place))?.toString(),
    limit: limitByKey(messagesAtOnce),
    now,
  })
  const worker = await runWorker(
    temporal,
    {
      taskQueue: deliveryTaskQueue,
      activities: { ...activities },
      maxConcurrentActivityTaskExecutions: attemptsAtOnce,
    },
    logger,
  )
  const dispatch = startDispatch({
    store: notifications,
    start: { webHooks: ({ id, round }) => deliveries.deliverToWebHook(id, round) },
    now,
    onError: (error) => logger.error({ err: error }, 'what waits to be told cannot be sent now'),
  })
  const onStatus = (status: ConsumerStatus) => {
    if (status.state === 'waiting' || status.state === 'failed')
      logger.error(status, 'web hooks are not told what happens now')
  }
  const channel = webHookChannel({
    log,
    now,
    onPassedOver: ({ streamId, revision }, error) =>
      logger.error({ err: error, streamId, revision }, 'web hooks are not told of an event: its stream is damaged'),
  })
  const following = followLog({ log, store: notifications, now, after, onStatus, onCollected: dispatch.look }, channel)
  return {
    notice: () =>
      worker.problem() ??
      followingNotice(following, {
        standsStill: 'Web hooks are not told what happens now',
        isLate: 'Telling web hooks has been',
      }),
    async close() {
      await following.close()
      await dispatch.close()
      await worker.close()
    },
  }
}
