import { randomUUID } from 'node:crypto'
import { Client } from '@temporalio/client'
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import type { SigningRequestId } from '../../domain/index.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { signerTaskQueue, workerTaskQueue } from '../../workflows/contract.ts'
import { connectTemporal, useTemporalServer } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers, type TestWorkflows } from '../support/workers.ts'
import { approve, initiator, reached, submission, submit, typesOf } from '../support/workflow-requests.ts'

/** Whoever can reach Temporal's port, without the payload key: what they send must neither be believed nor stop anything. */
const server = useTemporalServer()

async function service(
  organization: TestOrganization,
  options: { readonly signer?: boolean } = {},
): Promise<TestWorkflows & { readonly rogue: Client; readonly recorded: readonly string[] }> {
  const { connection, nativeConnection, namespace } = await connectTemporal(server())
  const recorded: string[] = []
  const workflows = await startWorkers({ connection, nativeConnection, namespace }, organization, newPayloadKey(), {
    ...options,
    onUnopened: (code) => void recorded.push(code),
  })
  return { ...workflows, rogue: new Client({ connection, namespace }), recorded }
}

/** Signs a request in spite of what was done before, and once. */
async function expectCompletedOnce(organization: TestOrganization, workflows: TestWorkflows, id: SigningRequestId) {
  const waiting = await reached(organization, id, 'WaitingForApproval')
  for (const approver of organization.approvers.slice(0, 2)) await approve(workflows, waiting, approver)
  await reached(organization, id, 'Completed')
  await workflows.client.workflow.getHandle(id).result()
  const types = await typesOf(organization, id)
  expect(types.filter((type) => type === 'FilesSigned')).toHaveLength(1)
  expect(types.filter((type) => type === 'SigningRequestCompleted')).toHaveLength(1)
}

/** Sends a payload as it is. */
const raw = (payload: { metadata?: Record<string, Uint8Array>; data?: Uint8Array } | undefined) => ({
  payloads: payload === undefined ? [] : [payload],
})

describe('a client without the payload key', { timeout: 120_000 }, () => {
  test('stops no workflow by signals, updates, queries, or by cancelling it', async () => {
    const organization = await testOrganization()
    const workflows = await service(organization)
    const { rogue, recorded } = workflows
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    const handle = rogue.workflow.getHandle(id)
    const [anna] = organization.approvers
    const command = { type: 'Approve', groups: [], approver: anna, planDigest: waiting.plan?.digest, comment: null }
    const forged = { command, initiator: initiator(anna), signingRequestId: id }

    for (const name of ['refresh', 'approve', 'nobody-knows', '__temporal_reserved']) await handle.signal(name, forged)
    for (const update of ['submit', 'approve', 'deny', 'cancel'])
      await expect(handle.executeUpdate(update, { args: [forged] })).rejects.toThrow()
    await expect(handle.executeUpdate('nobody-knows', { args: [forged] })).rejects.toThrow()
    await expect(handle.executeUpdate('approve', { args: [] })).rejects.toThrow()
    await expect(handle.query('nobody-knows', forged)).rejects.toThrow()
    await handle.query('__stack_trace', forged).catch(() => undefined)
    await handle.cancel()

    const request = await organization.request(id)
    expect(request).toMatchObject({ workflowStatus: 'WaitingForApproval', approvals: [] })
    await expectCompletedOnce(organization, workflows, id)
    expect(recorded).toContain('PAYLOAD_NOT_SEALED')
  })

  test('stops no workflow by payloads that were sealed for another, which it copied from Temporal', async () => {
    const organization = await testOrganization()
    const workflows = await service(organization)
    const { rogue, recorded } = workflows
    const { namespace } = server()
    const [victim, source] = [await submit(workflows, organization), await submit(workflows, organization)]
    const waiting = await reached(organization, source, 'WaitingForApproval')
    await reached(organization, victim, 'WaitingForApproval')
    const [anna] = organization.approvers
    await approve(workflows, waiting, anna)
    const { events } = await rogue.workflow.getHandle(source).fetchHistory()
    const copied = (events ?? []).flatMap(
      ({ workflowExecutionUpdateAcceptedEventAttributes: accepted }) =>
        accepted?.acceptedRequest?.input?.args?.payloads ?? [],
    )
    expect(copied.length).toBeGreaterThan(0)
    for (const payload of copied) {
      const execution = { workflowId: victim }
      const input = raw(payload as never)
      await rogue.workflowService.signalWorkflowExecution({
        namespace,
        workflowExecution: execution,
        signalName: 'approve',
        input,
        requestId: randomUUID(),
      })
      const { outcome } = await rogue.workflowService.updateWorkflowExecution({
        namespace,
        workflowExecution: execution,
        waitPolicy: { lifecycleStage: 3 },
        request: { meta: { updateId: randomUUID() }, input: { name: 'approve', args: input } },
      })
      expect(outcome?.failure).toBeTruthy()
    }
    expect((await organization.request(victim)).approvals).toEqual([])
    await expectCompletedOnce(organization, workflows, victim)
    expect(recorded).toContain('PAYLOAD_MISPLACED')
  })

  test.each([
    { what: 'with an argument of its own', type: 'signingRequest', queue: workerTaskQueue, resumption: 'refreshed' },
    { what: 'where no worker listens', type: 'signingRequest', queue: 'nobody', resumption: 'restarted' },
    { what: 'of another type', type: 'issueCertificate', queue: workerTaskQueue, resumption: 'started' },
  ])('which starts the workflow of a request first, $what, holds nothing up', async ({ type, queue, resumption }) => {
    const organization = await testOrganization()
    const workflows = await service(organization)
    const made = await submission(organization)
    const id = made.signingRequestId
    await organization.tell(id, { type: 'SubmitSigningRequest', submission: made }, made.submitter)
    await workflows.rogue.workflow.start(type, {
      workflowId: id,
      taskQueue: queue,
      args: [{ isNew: true, signingRequestId: randomUUID() }],
    })
    const describe = () => workflows.client.workflow.getHandle(id).describe()
    if (type !== 'signingRequest') await until('it has failed', async () => (await describe()).status.name === 'FAILED')
    expect(await workflows.resume(id)).toBe(resumption)
    await expectCompletedOnce(organization, workflows, id)
  })

  test('which starts workflows under ids of no request has them end', async () => {
    const workflows = await service(await testOrganization())
    for (const workflowId of ['anything', `${randomUUID()}x`, randomUUID().toUpperCase().replace(/^./, 'A')]) {
      const handle = await workflows.rogue.workflow.start('signingRequest', { workflowId, taskQueue: workerTaskQueue })
      await expect(handle.result()).rejects.toThrow()
    }
  })
})

describe("a worker without the payload key on the signer's queue", { timeout: 180_000 }, () => {
  /** What it answers to one task, by the task that it took and by what was answered to others before. */
  type Respond = (task: RogueTask) => Promise<unknown>
  type RogueTask = {
    readonly taskToken: Uint8Array
    readonly input: unknown
    readonly complete: (result: unknown) => Promise<unknown>
    readonly fail: (failure: unknown) => Promise<unknown>
  }

  const json = (value: unknown) => raw(defaultPayloadConverter.toPayload(value) as never)

  /** Takes one task from the queue, before any signer is there. */
  async function takeTask(rogue: Client): Promise<RogueTask> {
    const { namespace } = server()
    const { workflowService } = rogue
    const { taskToken, input } = await rogue.withDeadline(Date.now() + 60_000, () =>
      workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name: signerTaskQueue }, identity: 'rogue' }),
    )
    if (taskToken == null || taskToken.length === 0) throw new Error('There was no task')
    return {
      taskToken,
      input,
      complete: (result) =>
        workflowService.respondActivityTaskCompleted({ namespace, taskToken, result: result as never }),
      fail: (failure) => workflowService.respondActivityTaskFailed({ namespace, taskToken, failure: failure as never }),
    }
  }

  /** The sealed result of another request that was signed. */
  async function sealedElsewhere(organization: TestOrganization, workflows: TestWorkflows & { rogue: Client }) {
    const id = await submit(workflows, organization)
    await reached(organization, id, 'Completed')
    await workflows.client.workflow.getHandle(id).result()
    const { events } = await workflows.rogue.workflow.getHandle(id).fetchHistory()
    const result = events?.find(({ activityTaskCompletedEventAttributes: completed }) => completed?.result != null)
    return result?.activityTaskCompletedEventAttributes?.result
  }

  const answers: Readonly<Record<string, Respond>> = {
    'a plain result': ({ complete }) => complete(json({ events: [] })),
    nothing: ({ complete }) => complete(undefined),
    'its own input, which is sealed for the task': ({ input, complete }) => complete(input),
    'a lasting failure': ({ fail }) =>
      fail(
        defaultFailureConverter.errorToFailure(
          ApplicationFailure.create({ type: 'PE_TRUNCATED', message: 'It ends.', nonRetryable: true }),
          defaultPayloadConverter,
        ),
      ),
    'a lasting failure whose text is the input': ({ input, fail }) =>
      fail({
        message: 'It ends.',
        applicationFailureInfo: { type: 'PE_TRUNCATED', nonRetryable: true },
        encodedAttributes: (input as { payloads: unknown[] }).payloads[0],
      }),
  }

  test.each(Object.entries(answers))(
    'that answers with %s is not believed, and the request completes',
    async (...each) => {
      const [, respond] = each
      const organization = await testOrganization({ approval: null })
      const workflows = await service(organization, { signer: false })
      const id = await submit(workflows, organization)
      await respond(await takeTask(workflows.rogue))
      await respond(await takeTask(workflows.rogue))
      expect((await organization.request(id)).workflowStatus).toBe('QueuedForProcessing')
      await workflows.startSigner()
      await reached(organization, id, 'Completed')
      await workflows.client.workflow.getHandle(id).result()
      expect((await typesOf(organization, id)).filter((type) => type === 'SigningStarted')).toHaveLength(1)
    },
  )

  test("that answers with another request's sealed result is not believed, and the request completes", async () => {
    const organization = await testOrganization({ approval: null })
    const first = await service(organization)
    const result = await sealedElsewhere(organization, first)
    expect(result).toBeTruthy()
    await first.stopSigner()
    const id = await submit(first, organization)
    const { complete } = await takeTask(first.rogue)
    await complete(result)
    await until('the result was refused', () => first.recorded.includes('PAYLOAD_MISPLACED'))
    await first.startSigner()
    await reached(organization, id, 'Completed')
    await first.client.workflow.getHandle(id).result()
    expect((await typesOf(organization, id)).filter((type) => type === 'SigningRequestCompleted')).toHaveLength(1)
  })
})
