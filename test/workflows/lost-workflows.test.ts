import { join } from 'node:path'
import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import type { SigningRequest, SigningRequestId, UserId } from '../../domain/index.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { startResuming } from '../../server/resuming.ts'
import { dataConverter } from '../../server/temporal.ts'
import { unfinishedFile } from '../../server/unfinished-file.ts'
import { workerTaskQueue } from '../../workflows/contract.ts'
import { connectTemporal, useTemporalServer } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers, type TestWorkflows } from '../support/workers.ts'
import { initiator } from '../support/workflow-requests.ts'

const server = useTemporalServer()

/** Looks for lost workflows all the time, as a worker does every minute. */
function resuming(workflows: TestWorkflows, organization: TestOrganization): void {
  const { close } = startResuming({
    log: organization.log,
    workflows,
    store: unfinishedFile(join(temporaryFolder(), 'unfinished.json')),
    logger: pino({ level: 'silent' }),
    everyMs: 100,
  })
  onTestFinished(close)
}

/** The run of a request's workflow, when there is one that runs. */
async function runOf({ client }: TestWorkflows, id: SigningRequestId): Promise<string | undefined> {
  try {
    const { status, runId } = await client.workflow.getHandle(id).describe()
    return status.name === 'RUNNING' ? runId : undefined
  } catch {
    return undefined
  }
}

async function approve(workflows: TestWorkflows, { signingRequestId, plan }: SigningRequest, approver: UserId) {
  const command = {
    type: 'Approve',
    groups: [],
    approver,
    planDigest: plan?.digest ?? otherDigest,
    comment: null,
  } as const
  await workflows.change(signingRequestId, { command, initiator: initiator(approver) })
}

test('a workflow that was lost is started again, and one that runs is not disturbed', async () => {
  const organization = await testOrganization()
  const lost = await organization.planned()
  const other = await organization.planned()
  const workflows = await startWorkers(await connectTemporal(server()), organization)
  resuming(workflows, organization)
  const ids = [lost, other].map(({ signingRequestId }) => signingRequestId) as [SigningRequestId, SigningRequestId]
  const [first, undisturbed] = [
    await until('the first runs', () => runOf(workflows, ids[0])),
    await until('the other runs', () => runOf(workflows, ids[1])),
  ]
  const lengthOf = async (id: SigningRequestId) =>
    (await workflows.client.workflow.getHandle(id).fetchHistory()).events?.length ?? 0
  await until('its first task is done', async () => (await lengthOf(ids[1])) >= 4)

  await workflows.client.workflow.getHandle(ids[0]).terminate('It was lost.')
  const second = await until('it runs again', () => runOf(workflows, ids[0]))
  expect(second).not.toBe(first)
  expect(await runOf(workflows, ids[1])).toBe(undisturbed)
  // It was told once to read the log, at the start; no round after that left anything in its history.
  const { events } = await workflows.client.workflow.getHandle(ids[1]).fetchHistory()
  const signals = events?.filter(({ workflowExecutionSignaledEventAttributes: signal }) => signal != null)
  expect(signals).toHaveLength(1)

  for (const approver of organization.approvers.slice(0, 2)) await approve(workflows, lost, approver)
  await until('it is completed', async () => (await organization.request(ids[0])).workflowStatus === 'Completed')
})

test('a workflow that this release cannot replay ends, and is started again without anybody calling', async () => {
  const organization = await testOrganization()
  const { signingRequestId: id } = await organization.planned()
  const { connection, nativeConnection, namespace } = await connectTemporal(server())
  const payloadKey = newPayloadKey()
  const client = new Client({ connection, dataConverter: dataConverter(payloadKey) })
  const older = await Worker.create({
    connection: nativeConnection,
    dataConverter: dataConverter(payloadKey),
    taskQueue: workerTaskQueue,
    workflowsPath: `${import.meta.dirname}/../support/older-release.ts`,
  })
  const begun = await older.runUntil(async () => {
    const handle = await client.workflow.start('signingRequest', { workflowId: id, taskQueue: workerTaskQueue })
    await until('its first step is taken', async () => {
      const { events } = await handle.fetchHistory()
      return events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes != null)
    })
    return handle.firstExecutionRunId
  })
  const workflows = await startWorkers({ connection, nativeConnection, namespace }, organization, payloadKey)
  resuming(workflows, organization)
  const run = await until('another one runs', async () => {
    const found = await runOf(workflows, id)
    return found === begun ? undefined : found
  })
  expect(run).toBeDefined()
  await until('Temporal lists it', async () => (await workflows.runningRequests()).has(id))
  expect(await workflows.isAtWork(id)).toBe(true)
})
