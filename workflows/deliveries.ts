import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { webHookDeliveryId, workerTaskQueue } from './contract.ts'
import type { webHookDelivery } from './web-hook-delivery.ts'

/** The client side of the workflows that tell others something. */
export interface Deliveries {
  /**
   * Starts the workflow of a delivery's round, unless it runs or has come to its end. Fails when Temporal cannot be asked; a call
   * more does no harm.
   */
  deliverToWebHook(deliveryId: string, round: number): Promise<void>
}

/** How long Temporal may take to confirm a start, in milliseconds. */
const startWithin = 30_000

/** Connects the dispatcher of notifications to Temporal. */
export function temporalDeliveries(client: Client): Deliveries {
  async function startOnce(start: () => Promise<unknown>): Promise<void> {
    try {
      await client.withDeadline(Date.now() + startWithin, start)
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    }
  }

  return {
    deliverToWebHook: (deliveryId, round) =>
      startOnce(() =>
        client.workflow.start<typeof webHookDelivery>('webHookDelivery', {
          workflowId: webHookDeliveryId(deliveryId, round),
          taskQueue: workerTaskQueue,
          args: [],
          workflowIdConflictPolicy: 'USE_EXISTING',
          // One that somebody ended from outside has not come to its end.
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        }),
      ),
  }
}
