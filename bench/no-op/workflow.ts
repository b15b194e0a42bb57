import { proxyActivities } from '@temporalio/workflow'

const { doNothing } = proxyActivities<{ doNothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' })

/** The least that a workflow with one activity can be: what whole requests are measured against. */
export async function noOp(): Promise<void> {
  await doNothing()
}
