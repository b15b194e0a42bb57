import type { Client } from '@temporalio/client'
import type { DeliveryEnd } from '../activities/contract.ts'
import { mailDeliveryId, workerTaskQueue } from './contract.ts'
import type { mailDelivery } from './mail-delivery.ts'
import { startOnce } from './start-once.ts'

/**
 * Starts the workflow of a mail's round, unless it runs or has come to its end. Fails when Temporal cannot be asked; a call more
 * does no harm.
 *
 * @returns what became of it, when it has come to its end already
 */
export function startMailDelivery(
  client: Client,
  notificationId: string,
  round: number,
): Promise<DeliveryEnd | undefined> {
  const workflowId = mailDeliveryId(notificationId, round)
  return startOnce(client, workflowId, () =>
    client.workflow.start<typeof mailDelivery>('mailDelivery', {
      workflowId,
      taskQueue: workerTaskQueue,
      args: [],
      workflowIdConflictPolicy: 'USE_EXISTING',
      // One that somebody ended from outside has not come to its end.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    }),
  )
}
