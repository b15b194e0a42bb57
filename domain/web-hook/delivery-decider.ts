import type { Decider } from '../decider.ts'
import type { WebHookId } from '../ids.ts'
import type { WebHookDeliveryResendRequested } from './events.ts'

/** What people asked for about a delivery. */
export type WebHookDeliveryState = { readonly resends: number }

/** That a message is to be sent once more. Whether it may be now, its own state says, which is kept outside of the log. */
export type WebHookDeliveryCommand = {
  readonly type: 'ResendWebHookDelivery'
  readonly webHookId: WebHookId
  readonly deliveryId: string
}

/** Delivery to a web hook, as far as people decide about it. Refuses nothing. */
export const webHookDeliveryDecider: Decider<
  WebHookDeliveryState,
  WebHookDeliveryCommand,
  WebHookDeliveryResendRequested
> = {
  initialState: () => ({ resends: 0 }),
  eventTypes: ['WebHookDeliveryResendRequested'],
  decide: ({ webHookId, deliveryId }) => [
    { type: 'WebHookDeliveryResendRequested', data: { schemaVersion: 1, webHookId, deliveryId } },
  ],
  evolve: ({ resends }) => ({ resends: resends + 1 }),
}
