import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { test } from 'vitest'
import type { SigningRequest, UserId } from '../../domain/index.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { dataConverter } from '../../server/temporal.ts'
import { workerTaskQueue } from '../../workflows/contract.ts'
import { connectTemporal, useTemporalServer } from '../support/temporal.ts'
import { otherDigest, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { initiator } from '../support/workflow-requests.ts'

// The real server: the one that skips time does not take tasks back from workers that are gone.
const server = useTemporalServer()

function approval({ plan }: SigningRequest, approver: UserId) {
  const command = {
    type: 'Approve',
    groups: [],
    approver,
    planDigest: plan?.digest ?? otherDigest,
    comment: null,
  } as const
  return { command, initiator: initiator(approver) }
}

test('a request whose workflow an older release began goes on from the log under this one', async () => {
  const organization = await testOrganization()
  const request = await organization.planned()
  const id = request.signingRequestId
  const { connection, nativeConnection, namespace } = await connectTemporal(server())
  const payloadKey = newPayloadKey()
  const client = new Client({ connection, dataConverter: dataConverter(payloadKey) })

  const older = await Worker.create({
    connection: nativeConnection,
    dataConverter: dataConverter(payloadKey),
    taskQueue: workerTaskQueue,
    workflowsPath: `${import.meta.dirname}/../support/older-release.ts`,
  })
  await older.runUntil(async () => {
    const handle = await client.workflow.start('signingRequest', {
      workflowId: id,
      taskQueue: workerTaskQueue,
      args: [{ signingRequestId: id }],
    })
    await until('its first step is taken', async () => {
      const { events } = await handle.fetchHistory()
      return events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes != null)
    })
  })

  const workflows = await startWorkers({ connection, nativeConnection, namespace }, organization, payloadKey)
  const [anna, bert] = organization.approvers
  await workflows.change(id, approval(request, anna))
  await workflows.change(id, approval(request, bert))
  await until('the request is completed', async () => {
    return (await organization.request(id)).workflowStatus === 'Completed'
  })
}, 60_000)
