import { expect, onTestFinished, test, vi } from 'vitest'
import { defaultKeyStore, parseKeyStoreName, type SigningRequestId } from '../../domain/index.ts'
import { openKeyStores } from '../../signing/pkcs11/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { newCertificate, useCertificate } from '../support/certificates.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { initiator, submit, typesOf } from '../support/workflow-requests.ts'

const environment = useTimeSkipping()

/** Waits until a request says why it does not go on. What it pauses for between its tries passes at once. */
function waiting(organization: TestOrganization, id: SigningRequestId, code: string) {
  return until(`the request waits for ${code}`, async () => {
    await environment().sleep('1 second')
    const { waitingFor } = await organization.request(id)
    return waitingFor?.failure.code === code ? waitingFor : undefined
  })
}

/** The organization with a signer on which something is wrong. */
function misconfigured(organization: TestOrganization, wrong: Partial<TestOrganization['signer']>): TestOrganization {
  return { ...organization, signer: { ...organization.signer, ...wrong } }
}

test('without a time-stamp authority a request waits for longer than a day, says why, and another signer completes it', async () => {
  const organization = await testOrganization({ approval: null })
  const workflows = await startWorkers(environment(), misconfigured(organization, { timestamps: undefined }))
  const id = await submit(workflows, organization)
  const since = (await waiting(organization, id, 'TIMESTAMP_NOT_CONFIGURED')).since
  await environment().sleep('25 hours')
  expect(await organization.request(id)).toMatchObject({
    workflowStatus: expect.stringMatching(/^(?:QueuedForProcessing|Processing)$/),
    waitingFor: { failure: { code: 'TIMESTAMP_NOT_CONFIGURED' }, since },
  })
  expect((await typesOf(organization, id)).filter((type) => type === 'SigningRequestDelayed')).toHaveLength(1)
  await workflows.stopSigner()
  await workflows.startSigner(organization)
  await workflows.resume(id)
  await workflows.client.workflow.getHandle(id).result()
  expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', waitingFor: null })
  // A day has many tries.
}, 240_000)

test('without its key in the key store a request waits and can be called off', async () => {
  const organization = await testOrganization({ approval: null })
  const { token } = organization
  vi.spyOn(token, 'findKey').mockResolvedValue(undefined)
  const workflows = await startWorkers(environment(), organization)
  const id = await submit(workflows, organization)
  await waiting(organization, id, 'KEY_NOT_IN_STORE')
  const command = { type: 'Cancel', canceledBy: organization.submitter, reason: null } as const
  await workflows.change(id, { command, initiator: initiator(organization.submitter) })
  await workflows.client.workflow.getHandle(id).result()
  expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Canceled', waitingFor: null })
})

test('with a key in a key store that the signer does not have a request waits, says which, and another signer completes it', async () => {
  const second = parseKeyStoreName('second')
  const organization = await testOrganization({ approval: null, furtherKeyStores: [second] })
  const { certificateId } = await newCertificate(organization, { algorithm: 'ec-p256', keyStore: second })
  await useCertificate(organization, certificateId)
  const onlyDefault = await openKeyStores(new Map([[defaultKeyStore, organization.tokenOptions]]), () => undefined)
  onTestFinished(() => onlyDefault.close())
  const workflows = await startWorkers(environment(), misconfigured(organization, { keyStores: onlyDefault }))
  const id = await submit(workflows, organization)
  const { failure } = await waiting(organization, id, 'KEY_STORE_NOT_CONFIGURED')
  expect(failure.message).toContain('The key store second ')
  await workflows.stopSigner()
  await workflows.startSigner(organization)
  await workflows.resume(id)
  await workflows.client.workflow.getHandle(id).result()
  expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', waitingFor: null })
})

test('with a token that is away a request waits, and is completed when it is back', async () => {
  const organization = await testOrganization({ approval: null })
  const { token } = organization
  const away = new SigningError('PKCS11_TOKEN_REMOVED', 'There is no token in the slot.')
  const findKey = vi.spyOn(token, 'findKey').mockRejectedValue(away)
  const workflows = await startWorkers(environment(), organization)
  const id = await submit(workflows, organization)
  await waiting(organization, id, 'PKCS11_TOKEN_REMOVED')
  findKey.mockRestore()
  await workflows.client.workflow.getHandle(id).result()
  expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', waitingFor: null })
})

test('with an artifact that the store has lost a request waits before it is planned', async () => {
  const organization = await testOrganization({ approval: null })
  const open = vi.spyOn(organization.store, 'open')
  const lost = Object.assign(new Error('The store does not hold it.'), { code: 'ARTIFACT_NOT_FOUND', transient: false })
  open.mockRejectedValue(lost)
  const workflows = await startWorkers(environment(), organization)
  const id = await submit(workflows, organization)
  await waiting(organization, id, 'ARTIFACT_NOT_FOUND')
  open.mockRestore()
  await workflows.client.workflow.getHandle(id).result()
  expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed' })
})

test('a fault of a moment leaves no trace, and a lasting one of the artifact ends the request at once', async () => {
  const organization = await testOrganization({ approval: null })
  const { token } = organization
  const away = new SigningError('PKCS11_SESSION_LOST', 'The session is gone.', { transient: true })
  vi.spyOn(token, 'findKey').mockRejectedValueOnce(away)
  const workflows = await startWorkers(environment(), organization)
  const id = await submit(workflows, organization)
  await workflows.client.workflow.getHandle(id).result()
  expect(await typesOf(organization, id)).not.toContain('SigningRequestDelayed')
  const other = await submit(workflows, organization, Buffer.from('no program'))
  await workflows.client.workflow.getHandle(other).result()
  expect(await typesOf(organization, other)).toEqual([
    'SigningRequestSubmitted',
    'ArtifactRetrieved',
    'SigningRequestFailed',
  ])
})
