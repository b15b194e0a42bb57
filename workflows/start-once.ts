import { type Client, ServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import type { DeliveryEnd } from '../activities/contract.ts'

/** How long Temporal may take to confirm a start, in milliseconds. */
const startWithin = 30_000

const ends: readonly unknown[] = ['delivered', 'abandoned', 'canceled'] satisfies readonly DeliveryEnd[]

/**
 * Starts a workflow that delivers something, unless it runs or has come to its end. Fails when Temporal cannot be asked; a call
 * more does no harm.
 *
 * @returns what became of it, when it has come to its end already; `undefined` while it runs
 */
export async function startOnce(
  client: Client,
  workflowId: string,
  start: () => Promise<unknown>,
): Promise<DeliveryEnd | undefined> {
  try {
    await client.withDeadline(Date.now() + startWithin, start)
    return undefined
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    return endOf(client, workflowId)
  }
}

/** Workflows of older releases say nothing, and what was sealed by a key that is not there any more says nothing to us. */
async function endOf(client: Client, workflowId: string): Promise<DeliveryEnd> {
  try {
    const handle = client.workflow.getHandle(workflowId)
    const end: unknown = await client.withDeadline(Date.now() + startWithin, () => handle.result())
    return ends.includes(end) ? (end as DeliveryEnd) : 'canceled'
  } catch (error) {
    if (error instanceof ServiceError) throw error
    return 'canceled'
  }
}
