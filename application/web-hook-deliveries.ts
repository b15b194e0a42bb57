import {
  asId,
  existingWebHook,
  type Instant,
  type ProjectId,
  Refusal,
  streams,
  type WebHookId,
  webHookDecider,
  webHookDeliveryDecider,
} from '../domain/index.ts'
import type { Caller } from './caller.ts'
import { type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import { authorizeWebHook } from './web-hook-access.ts'
import type { WebHookAttempt, WebHookDelivery, WebHookDeliveryStatus } from './web-hook-ports.ts'
import type { WebHookDependencies } from './web-hooks.ts'

/** Which deliveries to list. */
export type WebHookDeliveriesInput = {
  readonly webHookId: WebHookId
  readonly status?: WebHookDeliveryStatus | null | undefined
  /** 1 to 100. */
  readonly limit: number
  /** Those after this one in the list. */
  readonly after?: { readonly createdAt: Instant; readonly id: string } | undefined
}

/** A delivery with what came of each attempt. */
export type WebHookDeliveryWithAttempts = WebHookDelivery & { readonly attempts: readonly WebHookAttempt[] }

/** A delivery that is to be sent again. */
export type WebHookDeliveryResent = Handled & { readonly webHookId: WebHookId; readonly deliveryId: string }

/** What a web hook was told, newest first. @throws Refusal `WEB_HOOK_NOT_FOUND`, `FORBIDDEN` */
export async function webHookDeliveries(
  dependencies: WebHookDependencies,
  caller: Caller,
  { webHookId, status, limit, after }: WebHookDeliveriesInput,
): Promise<readonly WebHookDelivery[]> {
  const { organizationId } = caller
  await authorizeWebHook(dependencies.log, caller, 'readDeliveries', await projectOf(dependencies, caller, webHookId))
  const filter = { organizationId, webHookId, ...(status == null ? {} : { status }), ...(after && { after }) }
  return dependencies.webHooks.deliveries.list(filter, limit)
}

/** A delivery with its attempts. @throws Refusal `WEB_HOOK_DELIVERY_NOT_FOUND`, `FORBIDDEN` */
export async function webHookDelivery(
  dependencies: WebHookDependencies,
  caller: Caller,
  { deliveryId }: { readonly deliveryId: string },
): Promise<WebHookDeliveryWithAttempts> {
  const delivery = await ownDelivery(dependencies, caller, deliveryId)
  const { projectId } = await hookOf(dependencies, caller, delivery)
  await authorizeWebHook(dependencies.log, caller, 'readDeliveries', projectId)
  return { ...delivery, attempts: await dependencies.webHooks.deliveries.attempts(delivery.deliveryId) }
}

/**
 * Has a message sent once more that was delivered, abandoned or canceled: with the same id and body, and for three days if need
 * be. That it is asked for stands in the log, where the service finds it.
 *
 * @throws Refusal `WEB_HOOK_DELIVERY_NOT_FOUND`, `FORBIDDEN`, `WEB_HOOK_NOT_FOUND`, `WEB_HOOK_DISABLED`,
 *   `WEB_HOOK_DELIVERY_UNDER_WAY`
 */
export async function resendWebHookDelivery(
  dependencies: WebHookDependencies,
  caller: Caller,
  { deliveryId: text }: { readonly deliveryId: string },
): Promise<WebHookDeliveryResent> {
  const { log } = dependencies
  const { deliveryId, webHookId, status } = await ownDelivery(dependencies, caller, text)
  const hook = await hookOf(dependencies, caller, { webHookId })
  await authorizeWebHook(log, caller, 'administer', hook.projectId)
  const { name } = existingWebHook(hook)
  if (hook.status === 'disabled')
    throw new Refusal('WEB_HOOK_DISABLED', `The web hook ${name} is disabled: enable it first.`)
  if (status === 'waiting' || status === 'underWay')
    throw new Refusal(
      'WEB_HOOK_DELIVERY_UNDER_WAY',
      'The delivery is under way already; its next attempt comes by itself.',
      { deliveryId, status },
    )
  const command = { type: 'ResendWebHookDelivery', webHookId, deliveryId } as const
  const stream = streams.webHookDelivery(deliveryId)
  const handled = await handleCommand(dependencies, caller, stream, webHookDeliveryDecider, command)
  return { ...handled, webHookId, deliveryId }
}

/** Of another organization is as of nobody. */
async function ownDelivery({ webHooks }: WebHookDependencies, caller: Caller, text: string): Promise<WebHookDelivery> {
  const deliveryId = asId(text)
  const delivery = deliveryId === undefined ? undefined : await webHooks.deliveries.find(deliveryId)
  if (delivery !== undefined && delivery.organizationId === caller.organizationId) return delivery
  throw new Refusal('WEB_HOOK_DELIVERY_NOT_FOUND', 'There is no such delivery. They are kept for 90 days.')
}

async function hookOf({ log }: WebHookDependencies, caller: Caller, { webHookId }: Pick<WebHookDelivery, 'webHookId'>) {
  const { state } = await loadOwn(log, streams.webHook(webHookId), webHookDecider, caller)
  if (state.status === 'none') throw new Refusal('WEB_HOOK_NOT_FOUND', 'There is no such web hook.')
  return state
}

async function projectOf(
  dependencies: WebHookDependencies,
  caller: Caller,
  webHookId: WebHookId,
): Promise<ProjectId | null> {
  return (await hookOf(dependencies, caller, { webHookId })).projectId
}
