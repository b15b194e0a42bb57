import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { SubmittedSource } from '../../application/index.ts'
import type { SigningRequestId } from '../../domain/index.ts'
import { callerOf, organizationApplication } from '../support/organization-application.ts'
import { type Making, seededProgram, seededSource } from '../support/seeded-source.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { initiator, reached, submission, submit, typesOf } from '../support/workflow-requests.ts'

const environment = useTimeSkipping()

/** An organization whose service knows one kind of source more, added through the registry alone. */
async function withSeeds(making: Making = {}, limits: Readonly<Record<string, number>> = {}) {
  const organization = await testOrganization({ approval: null, kinds: [seededSource(making)], limits })
  const workflows = await startWorkers(environment(), organization)
  const application = organizationApplication(organization, workflows)
  const caller = await callerOf(application, organization, organization.submitter)
  const submitFrom = async (source: SubmittedSource) => {
    const input = { project: 'test', signingPolicy: 'release', description: null, source }
    return (await application.submitSigningRequest(caller, input)).signingRequestId
  }
  const end = (id: SigningRequestId) => workflows.client.workflow.getHandle(id).result()
  return { organization, workflows, submitFrom, end }
}

function waiting(organization: TestOrganization, id: SigningRequestId, code: string) {
  return until(`the request waits for ${code}`, async () => {
    const request = await organization.request(id)
    return request.waitingFor?.failure.code === code ? request : undefined
  })
}

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const seeded = { kind: 'seeded', seed: 'a seed', fileName: 'seeded.exe' }

describe('a kind of source that no room knows', () => {
  test('is submitted, retrieved, planned and signed; what its bytes are the retrieval alone says', async () => {
    const { organization, submitFrom, end } = await withSeeds()
    const id = await submitFrom(seeded)
    await end(id)
    expect(await typesOf(organization, id)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'SigningPlanned',
      'SigningStarted',
      'FilesSigned',
      'SigningRequestCompleted',
    ])
    const program = seededProgram('a seed')
    const { source, artifact, manifest } = await organization.request(id)
    expect(source).toMatchObject({ kind: 'seeded', sha256: null, size: null, details: { seed: 'a seed' } })
    expect(artifact).toEqual({ fileName: 'seeded.exe', sha256: digestOf(program), size: program.length })
    expect(manifest?.files).toMatchObject([{ path: ['seeded.exe'], unsignedSha256: digestOf(program) }])
    expect(organization.sources.describe(source)).toEqual({ seed: 'a seed' })
  })

  test('lets the request wait while it cannot be retrieved, and goes on when it can', async () => {
    const making: Making = { failure: new Error('The maker is away.') }
    const { organization, workflows, submitFrom, end } = await withSeeds(making)
    const id = await submitFrom(seeded)
    expect(await waiting(organization, id, 'INTERNAL_ERROR')).toMatchObject({ artifact: null })
    making.failure = undefined
    await workflows.resume(id)
    await end(id)
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed' })
  })

  test('ends the request when other bytes come than were announced, and keeps none of them', async () => {
    const { organization, submitFrom, end } = await withSeeds({ seed: 'another seed' })
    const id = await submitFrom({ ...seeded, sha256: digestOf(seededProgram('a seed')) })
    await end(id)
    expect(await organization.request(id)).toMatchObject({
      workflowStatus: 'ArtifactRetrievalFailed',
      failure: { code: 'ARTIFACT_NOT_AS_ANNOUNCED' },
      artifact: null,
    })
    expect(await organization.store.has(digestOf(seededProgram('another seed')) as never)).toBe(false)
  })

  test('ends the request when more bytes come than its limit', async () => {
    const { organization, submitFrom, end } = await withSeeds({}, { seeded: 100 })
    const id = await submitFrom(seeded)
    await end(id)
    expect(await organization.request(id)).toMatchObject({
      workflowStatus: 'ArtifactRetrievalFailed',
      failure: { code: 'ARTIFACT_TOO_LARGE' },
    })
  })
})

test('a source that this release cannot retrieve is refused, and one that another release took waits', async () => {
  const { organization, workflows, submitFrom } = await withSeeds()
  await expect(submitFrom({ kind: 'link', url: 'https://example.org/a.exe' })).rejects.toMatchObject({
    code: 'SOURCE_NOT_SUPPORTED',
  })
  await expect(submitFrom({ ...seeded, seed: 7 })).rejects.toMatchObject({ code: 'SOURCE_MALFORMED' })
  const made = await submission(organization)
  const details = { url: 'https://example.org/a.exe', headerNames: [], fetchBefore: '2026-03-01T12:00:00.000Z' }
  const source = { ...made.source, kind: 'link', sha256: null, size: null, isAtHand: false, details }
  const command = { type: 'SubmitSigningRequest', submission: { ...made, source } } as const
  await workflows.submit(made.signingRequestId, { command, initiator: initiator(made.submitter) })
  expect(await waiting(organization, made.signingRequestId, 'SOURCE_NOT_SUPPORTED')).toMatchObject({ artifact: null })
})

describe('the artifact of an earlier request', () => {
  test('is signed again, as that request retrieved it', async () => {
    const { organization, submitFrom, end } = await withSeeds()
    const first = await submitFrom(seeded)
    await end(first)
    const second = await submitFrom({ kind: 'earlierRequest', signingRequestId: first })
    await end(second)
    const [earlier, later] = [await organization.request(first), await organization.request(second)]
    expect(later).toMatchObject({ workflowStatus: 'Completed', artifact: earlier.artifact })
    expect(later.source).toMatchObject({ kind: 'earlierRequest', details: { signingRequestId: first } })
    // Each of the two names the other.
    expect(earlier.resubmissions).toEqual([second])
  })

  test('is refused unless the request is there, completed and of the same project', async () => {
    const { organization, workflows, submitFrom } = await withSeeds()
    const refusedFor = (signingRequestId: string) =>
      expect(submitFrom({ kind: 'earlierRequest', signingRequestId })).rejects
    await refusedFor('x').toMatchObject({ code: 'ID_MALFORMED' })
    await refusedFor(randomUUID()).toMatchObject({ code: 'SIGNING_REQUEST_NOT_FOUND' })
    const failed = await submit(workflows, organization, Buffer.from('no program'))
    await reached(organization, failed, 'ProcessingFailed')
    await refusedFor(failed).toMatchObject({ code: 'EARLIER_REQUEST_NOT_USABLE' })
    const completed = await submit(workflows, organization)
    await reached(organization, completed, 'Completed')
    const { userId, organizationId } = { userId: organization.submitter, ...organization.setup }
    const context = { organizationId, userId, projectId: randomUUID() as typeof organization.projectId }
    const submitted = { kind: 'earlierRequest', signingRequestId: completed }
    await expect(organization.sources.check(submitted, context)).rejects.toMatchObject({
      code: 'EARLIER_REQUEST_NOT_USABLE',
    })
    const strangers = { ...context, organizationId: randomUUID() as typeof organizationId }
    await expect(organization.sources.check(submitted, strangers)).rejects.toMatchObject({
      code: 'SIGNING_REQUEST_NOT_FOUND',
    })
  })
})
