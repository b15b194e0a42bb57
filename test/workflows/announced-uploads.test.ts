import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { SigningRequestId } from '../../domain/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { callerOf, organizationApplication } from '../support/organization-application.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { reached, typesOf } from '../support/workflow-requests.ts'

const environment = useTimeSkipping()
const program = sampleProgram()
const sha256 = createHash('sha256').update(program).digest('hex')

/** An organization whose announced uploads are overdue by a clock of the test. */
async function opened() {
  const clock = { now: new Date().toISOString() }
  const organization = await testOrganization({ approval: null, sourceClock: () => clock.now })
  const workflows = await startWorkers(environment(), organization)
  const application = organizationApplication(organization, workflows)
  const caller = await callerOf(application, organization, organization.submitter)
  async function announce(more: object = {}) {
    const source = { kind: 'announcedUpload', fileName: 'setup.exe', sha256, ...more }
    const input = { project: 'test', signingPolicy: 'release', description: null, source }
    const { signingRequestId: id } = await application.submitSigningRequest(caller, input)
    await until('the upload is awaited', async () => {
      const { waitingFor } = await organization.request(id)
      return waitingFor?.failure.code === 'UPLOAD_AWAITED'
    })
    return id
  }
  const upload = (signingRequestId: string, bytes: Uint8Array = program, size?: number, by = caller) =>
    application.uploadUnsignedArtifact(by, { signingRequestId, size, bytes: inChunks(bytes) })
  const end = (id: SigningRequestId) => workflows.client.workflow.getHandle(id).result()
  return { organization, workflows, application, caller, clock, announce, upload, end }
}

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 1_000) yield bytes.subarray(start, start + 1_000)
}

describe('an artifact that was announced', () => {
  test('is uploaded later and signed; an upload whose answer was lost is answered again', async () => {
    const { organization, announce, upload, end, application, caller } = await opened()
    const id = await announce({ size: program.length })
    await application.admitUnsignedArtifact(caller, { signingRequestId: id, size: program.length })
    const uploaded = { signingRequestId: id, fileName: 'setup.exe', sha256, size: program.length }
    expect(await upload(id, program, program.length)).toEqual(uploaded)
    await end(id)
    expect(await organization.request(id)).toMatchObject({
      workflowStatus: 'Completed',
      artifact: { fileName: 'setup.exe', sha256, size: program.length },
    })
    expect(await upload(id)).toEqual(uploaded)
    expect((await typesOf(organization, id)).filter((type) => type === 'ArtifactRetrieved')).toHaveLength(1)
  })

  test('is not taken from other bytes, whose store keeps nothing, and still awaited then', async () => {
    const { organization, announce, upload, application, caller } = await opened()
    const id = await announce({ size: program.length })
    const other = Buffer.from(program)
    other.writeUInt8(other.readUInt8(0) ^ 1, 0)
    await expect(upload(id, other)).rejects.toMatchObject({ code: 'ARTIFACT_MISMATCH' })
    await expect(upload(id, program.subarray(1))).rejects.toMatchObject({ code: 'ARTIFACT_MISMATCH' })
    await expect(
      application.admitUnsignedArtifact(caller, { signingRequestId: id, size: program.length + 1 }),
    ).rejects.toMatchObject({ code: 'ARTIFACT_MISMATCH' })
    const digest = createHash('sha256').update(other).digest('hex')
    expect(await organization.store.has(digest as never)).toBe(false)
    expect(await organization.request(id)).toMatchObject({ artifact: null, workflowStatus: 'Submitted' })
  })

  test('is not taken for bytes of the same digest that somebody else brought', async () => {
    const { organization, announce, workflows } = await opened()
    await organization.store.put(inChunks(program))
    const id = await announce()
    await workflows.resume(id)
    await until('it was looked for again', async () => (await organization.request(id)).waitingFor !== null)
    expect(await organization.request(id)).toMatchObject({ artifact: null })
  })

  test('is taken from its submitter alone, and for requests that wait for one', async () => {
    const { organization, announce, upload, application } = await opened()
    const id = await announce()
    const approver = await callerOf(application, organization, organization.approvers[0] ?? organization.submitter)
    await expect(upload(id, program, undefined, approver)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(upload('12121212-1212-4212-8212-121212121212')).rejects.toMatchObject({
      code: 'SIGNING_REQUEST_NOT_FOUND',
    })
    const { signingRequestId: other } = await organization.planned()
    await expect(upload(other)).rejects.toMatchObject({ code: 'UPLOAD_NOT_AWAITED' })
    await application.cancelSigningRequest(await callerOf(application, organization, organization.submitter), {
      signingRequestId: id,
      reason: null,
    })
    await expect(upload(id)).rejects.toMatchObject({ code: 'SIGNING_REQUEST_FINAL' })
  })

  test('that never comes ends the request at its limit', async () => {
    const { organization, workflows, announce, clock, upload } = await opened()
    const id = await announce()
    clock.now = new Date(Date.parse(clock.now) + 3_600_000).toISOString()
    await workflows.resume(id)
    expect(await reached(organization, id, 'ArtifactRetrievalFailed')).toMatchObject({
      failure: { code: 'UPLOAD_OVERDUE' },
    })
    await expect(upload(id)).rejects.toMatchObject({ code: 'SIGNING_REQUEST_FINAL' })
  })

  test('is named by file and digest', async () => {
    const { application, caller } = await opened()
    for (const [more, code] of [
      [{ sha256: 'x' }, 'DIGEST_MALFORMED'],
      [{ sha256: undefined }, 'SOURCE_MALFORMED'],
      [{ fileName: 'a/b' }, 'FILE_NAME_MALFORMED'],
      [{ size: 0 }, 'SOURCE_MALFORMED'],
    ] as const) {
      const source = { kind: 'announcedUpload', fileName: 'setup.exe', sha256, ...more }
      const input = { project: 'test', signingPolicy: 'release', description: null, source }
      await expect(application.submitSigningRequest(caller, input)).rejects.toMatchObject({ code })
    }
  })
})
