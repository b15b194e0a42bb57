import { join } from 'node:path'
import { Client } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { dataConverter, unreplayable } from '../../server/temporal.ts'
import { signerTaskQueue, workerTaskQueue } from '../../workflows/contract.ts'
import { appendRaw } from '../support/append-raw.ts'
import { knowMore, newEventType } from '../support/newer-release.ts'
import { connectTemporal, useTemporalServer } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { approve, reached, submit, typesOf } from '../support/workflow-requests.ts'

const server = useTemporalServer()
const timeoutMs = 120_000
let newerWorkflows: WorkflowBundle

beforeAll(async () => {
  const { failureConverterPath = '' } = dataConverter(newPayloadKey())
  newerWorkflows = await bundleWorkflowCode({
    workflowsPath: `${import.meta.dirname}/../support/newer-release-workflows.ts`,
    failureConverterPath,
    logger: new DefaultLogger('ERROR'),
  })
})

/** What happens in a release after this one to a stream. */
async function happensInNewerRelease(organization: TestOrganization, stream: string): Promise<void> {
  const { revision } = await readWholeStream(organization.stored, stream)
  const event = { type: newEventType, data: { schemaVersion: 1 } } as never
  await appendRaw(organization.stored, stream, [event], revision, organization.setup.organizationId)
}

/** A worker and a signer of the newer release, beside those that run already, on the same log. */
async function startNewerRelease(organization: TestOrganization, payloadKey: string) {
  const connection = await NativeConnection.connect({ address: server().address })
  // Modules of its own, as another process has.
  vi.resetModules()
  const domain = await import('../../domain/index.ts')
  knowMore(domain.signingRequestDecider, domain.userDecider, domain.signingPolicyDecider)
  const { openSqliteEventLog } = await import('../../event-log/index.ts')
  const { signerActivities, workerActivities } = await import('../../activities/index.ts')
  const log = openSqliteEventLog({ path: join(organization.folder, 'event-log.db') })
  const parts = { ...organization.signer, log }
  const common = { connection, dataConverter: dataConverter(payloadKey), ...unreplayable }
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: workerTaskQueue,
      workflowBundle: newerWorkflows,
      activities: {
        ...workerActivities({
          ...parts,
          sources: organization.sources,
          ...organization.asking,
          estServers: new Map(),
        }),
      },
    }),
    await Worker.create({
      ...common,
      taskQueue: signerTaskQueue,
      activities: { ...signerActivities({ ...parts, recordRefusal: async () => undefined }) },
    }),
  ]
  const running = workers.map((worker) => worker.run())
  onTestFinished(async () => {
    for (const worker of workers) worker.shutdown()
    await Promise.all(running)
    await connection.close()
    await log.close()
  })
}

/** The organization with workers of this release, and a way to start those of a newer one beside them. */
async function olderRelease() {
  const organization = await testOrganization()
  const { connection, nativeConnection, namespace } = await connectTemporal(server())
  const payloadKey = newPayloadKey()
  const workflows = await startWorkers({ connection, nativeConnection, namespace }, organization, payloadKey)
  const startNewer = () => startNewerRelease(organization, payloadKey)
  return { organization, workflows, startNewer, client: new Client({ connection, namespace }) }
}

describe('beside a newer release, which writes an event that this one does not know', { timeout: 240_000 }, () => {
  test.each([
    { what: "the submitter's", streamOf: ({ submitter }: TestOrganization) => streams.user(submitter) },
    { what: "an approver's", streamOf: ({ approvers: [anna] }: TestOrganization) => streams.user(anna) },
    {
      what: "the policy's",
      streamOf: ({ signingPolicyId }: TestOrganization) => streams.signingPolicy(signingPolicyId),
    },
  ])('to $what stream, a request waits and says why, and the newer one completes it', async ({ streamOf }) => {
    const { organization, workflows, startNewer } = await olderRelease()
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    await happensInNewerRelease(organization, streamOf(organization))
    for (const approver of organization.approvers.slice(0, 2)) await approve(workflows, waiting, approver)
    const delayed = async () => (await organization.request(id)).waitingFor ?? undefined
    const reason = await until('it says why', delayed, timeoutMs)
    expect(reason).toMatchObject({ failure: { code: 'EVENT_TYPE_UNKNOWN' } })
    await startNewer()
    const isCompleted = async () => {
      // Whichever release takes the next try: resuming has it made at once.
      await workflows.resume(id)
      return (await organization.request(id)).workflowStatus === 'Completed'
    }
    await until('it is completed', isCompleted, timeoutMs)
    expect((await organization.request(id)).attempts).toBe(1)
  })

  test("to the request's own stream, the request stays as it is, and the newer one completes it", async () => {
    const { organization, workflows, startNewer, client } = await olderRelease()
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    await happensInNewerRelease(organization, streams.signingRequest(id))
    const [anna, bert] = organization.approvers
    const approving = approve(workflows, waiting, anna)
    approving.catch(() => undefined)
    await until(
      'this release has met it',
      async () => {
        const { events } = await client.workflow.getHandle(id).fetchHistory()
        return events?.some((event) => event.workflowTaskFailedEventAttributes != null)
      },
      timeoutMs,
    )
    const types = await typesOf(organization, id)
    expect(types.at(-1)).toBe(newEventType)
    await startNewer()
    // The first call may have been given up by now; its change is made once all the same.
    await approving.catch(() => undefined)
    await until(
      'both approvals count',
      async () => {
        const again = [approve(workflows, waiting, anna), approve(workflows, waiting, bert)]
        await Promise.allSettled(again)
        return (await typesOf(organization, id)).filter((type) => type === 'ApprovalGranted').length === 2
      },
      timeoutMs,
    )
    await until(
      'it is completed',
      async () => {
        // As workers do every minute: the older release may have the next tries, too, each after a longer pause.
        await workflows.resume(id)
        return (await typesOf(organization, id)).at(-1) === 'SigningRequestCompleted'
      },
      timeoutMs,
    )
    const all = await typesOf(organization, id)
    expect(all.filter((type) => type === 'SigningRequestCompleted')).toHaveLength(1)
    expect(all).not.toContain('SigningRequestFailed')
  })
})
