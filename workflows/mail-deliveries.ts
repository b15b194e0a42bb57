import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { mailDeliveryId, workerTaskQueue } from './contract.ts'
import type { mailDelivery } from './mail-delivery.ts'

/** How long Temporal may take to confirm a start, in milliseconds. */
const startWithin = 30_000

/**
 * Starts the workflow of a mail's round, unless it runs or has come to its end. Fails when Temporal cannot be asked; a call more
 * does no harm.
 */
export async function startMailDelivery(client: Client, notificationId: string, round: number): Promise<void> {
  try {
    await client.withDeadline(Date.now() + startWithin, () =>
      client.workflow.start<typeof mailDelivery>('mailDelivery', {
        workflowId: mailDeliveryId(notificationId, round),
        taskQueue: workerTaskQueue,
        args: [],
        workflowIdConflictPolicy: 'USE_EXISTING',
        // One that somebody ended from outside has not come to its end.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      }),
    )
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
