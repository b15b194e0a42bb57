import type { Client } from '@temporalio/client'
import type { DeliveryEnd } from '../activities/contract.ts'
import { webHookDeliveryId, workerTaskQueue } from './contract.ts'
import { startOnce } from './start-once.ts'
import type { webHookDelivery } from './web-hook-delivery.ts'

/** The client side of the workflows that tell others something. */
export interface Deliveries {
  /**
   * Starts the workflow of a delivery's round, unless it runs or has come to its end. Fails when Temporal cannot be asked; a call
   * more does no harm.
   *
   * @returns what became of it, when it has come to its end already
   */
  deliverToWebHook(deliveryId: string, round: number): Promise<DeliveryEnd | undefined>
}

/** Connects the dispatcher of notifications to Temporal. */
export function temporalDeliveries(client: Client): Deliveries {
  return {
    deliverToWebHook(deliveryId, round) {
      const workflowId = webHookDeliveryId(deliveryId, round)
      return startOnce(client, workflowId, () =>
        client.workflow.start<typeof webHookDelivery>('webHookDelivery', {
          workflowId,
          taskQueue: workerTaskQueue,
          args: [],
          workflowIdConflictPolicy: 'USE_EXISTING',
          // One that somebody ended from outside has not come to its end.
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        }),
      )
    },
  }
}
