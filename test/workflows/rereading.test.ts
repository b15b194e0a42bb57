import { expect, test } from 'vitest'
import { useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { startWorkers } from '../support/workers.ts'
import { approvedUnnoticed } from '../support/workflow-requests.ts'

const environment = useTimeSkipping()

test('goes on by itself when the log has approvals that it has not heard of', async () => {
  const organization = await testOrganization()
  const workflows = await startWorkers(environment(), organization)
  const id = await approvedUnnoticed(workflows, organization)
  await environment().sleep('1 minute')
  await workflows.client.workflow.getHandle(id).result()
  expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', attempts: 1 })
})
