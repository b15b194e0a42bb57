import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { callerOf, organizationApplication } from '../support/organization-application.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { uploaded } from '../support/test-application.ts'
import { testOrganization } from '../support/test-organization.ts'
import { startWorkers } from '../support/workers.ts'
import { typesOf } from '../support/workflow-requests.ts'

const environment = useTimeSkipping()

/** Two copies of the API's use cases over one log and one Temporal, as two processes have them. */
async function twoApplications() {
  const organization = await testOrganization({ approval: null })
  const workflows = await startWorkers(environment(), organization)
  const make = () => organizationApplication(organization, workflows)
  const applications = [make(), make()] as const
  const caller = () => callerOf(applications[0], organization, organization.submitter)
  async function* program() {
    yield sampleProgram()
  }
  const { uploadId } = await applications[0].uploadArtifact(await caller(), { fileName: 'a.exe', bytes: program() })
  const input = {
    project: 'test',
    signingPolicy: 'release',
    source: uploaded(uploadId),
    description: null,
    idempotencyKey: randomUUID(),
  }
  return { organization, workflows, applications, caller, input }
}

describe('an idempotency key', () => {
  test('makes one request of eight calls at once, and answers each as the first', async () => {
    const { organization, workflows, applications, caller, input } = await twoApplications()
    const calls = Array.from({ length: 8 }, async (_, index) =>
      (applications[index % 2] ?? applications[0]).submitSigningRequest(await caller(), input),
    )
    const [first, ...others] = await Promise.all(calls)
    if (first === undefined) throw new Error('There is no answer')
    for (const other of others) expect(other).toEqual(first)
    await workflows.client.workflow.getHandle(first.signingRequestId).result()
    const submitted = (await typesOf(organization, first.signingRequestId)).filter((type) => type.endsWith('Submitted'))
    expect(submitted).toEqual(['SigningRequestSubmitted'])
  })

  test('answers a completed request, and starts nothing for it', async () => {
    const { organization, workflows, applications, caller, input } = await twoApplications()
    const first = await applications[0].submitSigningRequest(await caller(), input)
    const handle = workflows.client.workflow.getHandle(first.signingRequestId)
    await handle.result()
    const [before, { runId }] = [await typesOf(organization, first.signingRequestId), await handle.describe()]
    expect(before.at(-1)).toBe('SigningRequestCompleted')
    expect(await applications[1].submitSigningRequest(await caller(), input)).toEqual(first)
    expect(await typesOf(organization, first.signingRequestId)).toEqual(before)
    expect((await handle.describe()).runId).toBe(runId)
  })

  test('finds the request whose submission was recorded and never reported', async () => {
    const { organization, workflows, applications, caller, input } = await twoApplications()
    const lost = new Error('the answer is lost')
    const [{ submit }] = [workflows]
    workflows.submit = async (...change) => {
      await submit(...change)
      throw lost
    }
    await expect(applications[0].submitSigningRequest(await caller(), input)).rejects.toBe(lost)
    const { signingRequestId } = await applications[1].submitSigningRequest(await caller(), input)
    await workflows.client.workflow.getHandle(signingRequestId).result()
    expect((await typesOf(organization, signingRequestId)).filter((type) => type.endsWith('Submitted'))).toHaveLength(1)
  })
})
