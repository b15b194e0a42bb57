import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { openPlan } from '../../artifacts/index.ts'
import {
  type HashesToSign,
  hashesOf,
  retrieved,
  type SigningRequest,
  signingPolicyDecider,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { hashVerification } from '../../signing/hashes/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { documentOf, ecdsaHashes, hashSubmission, plannedHashes } from '../support/hash-requests.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const ofHashes = () => testOrganization({ hashSigning: true, approval: null })

/** Calls the sign activity itself, as a forged Temporal task would. */
async function callSigner(organization: TestOrganization, { signingRequestId }: SigningRequest) {
  const find = vi.spyOn(organization.token, 'findKey')
  const { sign } = signerActivities({ ...organization.signer, recordRefusal: async () => undefined })
  const failure = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => undefined,
    (error: { type?: string; message?: string }) => error,
  )
  const { type: code, message } = failure ?? {}
  return { failed: failure !== undefined, code, message, keyTouched: find.mock.calls.length > 0, find }
}

async function typesOf({ log }: TestOrganization, { signingRequestId }: SigningRequest) {
  return (await readWholeStream(log, streams.signingRequest(signingRequestId))).events.map(({ type }) => type)
}

async function signedDocument(organization: TestOrganization, request: SigningRequest): Promise<string> {
  const { signedArtifact } = await organization.request(request.signingRequestId)
  const chunks: Uint8Array[] = []
  for await (const chunk of (await organization.store.open(signedArtifact?.sha256 ?? otherDigest)).read())
    chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('hashes are signed and verified, and their plan names each of them', async () => {
  const organization = await ofHashes()
  const request = await plannedHashes(organization, ecdsaHashes(3))
  const { plan } = request
  const stored = await openPlan(organization.store, {
    digest: plan?.digest ?? otherDigest,
    document: plan?.document ?? otherDigest,
  })
  const hashes = hashesOf(request.source) as HashesToSign
  const named = hashes.hashes.map((hash, index) => ({
    content: `hash ${index + 1}`,
    algorithm: '256 bits',
    digest: Buffer.from(hash, 'base64').toString('hex'),
  }))
  const attributes = { signatureAlgorithm: 'Ecdsa', content: 'unseen', metadata: '{"tool":"signtool"}' }
  expect((await stored.entries(0, 2)).map(({ entry }) => entry)).toMatchObject([
    { format: 'hash-document', directives: [{ directive: 'hash-sign', attributes, contentDigests: named }] },
  ])

  expect(await callSigner(organization, request)).toMatchObject({ failed: false, keyTouched: true })
  const [first] = await organization.token.listKeys()
  const passes = new FilePasses(1)
  onTestFinished(() => passes.close())
  await hashVerification(hashes, first?.publicKey ?? Buffer.alloc(0), passes).document(
    await signedDocument(organization, request),
  )
  expect((await typesOf(organization, request)).slice(-3)).toEqual([
    'SigningStarted',
    'FilesSigned',
    'SigningRequestCompleted',
  ])
})

test('a policy that signs files only signs no hashes, whatever request and plan there are', async () => {
  const organization = await testOrganization({ approval: null, timestamp: 'none' })
  const request = await plannedHashes(organization)
  expect(await callSigner(organization, request)).toMatchObject({ code: 'HASH_SIGNING_NOT_ALLOWED', keyTouched: false })
  expect(await typesOf(organization, request)).not.toContain('SigningStarted')
})

test('the version of the policy at submission decides, and a policy that was given up signs nothing', async () => {
  const organization = await ofHashes()
  const request = await plannedHashes(organization)
  const { log, setup, signingPolicyId, signer } = organization
  const stop = { type: 'DeactivateSigningPolicy', reason: null } as const
  await handleCommand(
    { log, now: signer.now },
    setup,
    streams.signingPolicy(signingPolicyId),
    signingPolicyDecider,
    stop,
  )
  expect(await callSigner(organization, request)).toMatchObject({ code: 'SIGNING_POLICY_INACTIVE', keyTouched: false })
})

test('without its approvals nothing is signed, and with them it is', async () => {
  const organization = await testOrganization({ hashSigning: true })
  const request = await plannedHashes(organization)
  expect(await callSigner(organization, request)).toMatchObject({ code: 'QUORUM_NOT_REACHED', keyTouched: false })
  const planDigest = request.plan?.digest ?? otherDigest
  for (const approver of organization.approvers.slice(0, 2)) {
    const approve = { type: 'Approve', groups: [], approver, planDigest, comment: null } as const
    await organization.tell(request.signingRequestId, approve, approver)
  }
  expect((await callSigner(organization, request)).failed).toBe(false)
  expect(await organization.request(request.signingRequestId)).toMatchObject({ workflowStatus: 'Completed' })
})

test('another document than that of the submitted hashes is not signed', async () => {
  const organization = await ofHashes()
  const { log, store, setup } = organization
  const submission = await hashSubmission(organization)
  const other = documentOf(await hashSubmission(organization, ecdsaHashes(2)))
  async function* bytes() {
    yield Buffer.from(other)
  }
  const artifact = { fileName: 'hashes.json', ...(await store.put(bytes())) }
  const { plan } = await plannedHashes(organization)
  const { approvalDeadline, digest: planDigest, document: planDocument, ...counts } = plan ?? ({} as never)
  const stream = streams.signingRequest(submission.signingRequestId)
  const events = [
    { type: 'SigningRequestSubmitted', data: { schemaVersion: 1, ...submission } },
    { type: 'ArtifactRetrieved', data: { schemaVersion: 1, ...artifact } },
    { type: 'SigningPlanned', data: { schemaVersion: 1, planDigest, planDocument, approvalDeadline, ...counts } },
  ] as const
  await appendRaw(log, stream, events as never, 'noStream', setup.organizationId, organization.submitter)
  const request = await organization.request(submission.signingRequestId)
  expect(retrieved(request).artifact.sha256).toBe(artifact.sha256)
  expect(await callSigner(organization, request)).toMatchObject({ code: 'ARTIFACT_MISMATCH', keyTouched: false })
})

test('a signer that died after SigningStarted is followed by another attempt, and one completion', async () => {
  const organization = await ofHashes()
  const request = await plannedHashes(organization)
  vi.spyOn(organization.token, 'findKey').mockRejectedValueOnce(new Error('the process died here'))
  expect((await callSigner(organization, request)).failed).toBe(true)
  expect((await callSigner(organization, request)).failed).toBe(false)
  expect(await organization.request(request.signingRequestId)).toMatchObject({
    attempts: 2,
    workflowStatus: 'Completed',
  })
})

test.each([
  { count: 1, wrong: 1 },
  { count: 1_000, wrong: 777 },
])('a signature that does not hold by the key of the certificate never leaves: $wrong of $count', async (numbers) => {
  const { count, wrong } = numbers
  const organization = await ofHashes()
  const request = await plannedHashes(organization, ecdsaHashes(count))
  const findKey = organization.token.findKey.bind(organization.token)
  vi.spyOn(organization.token, 'findKey').mockImplementation(async (id) => {
    const key = await findKey(id)
    const signHashes = async (...[mechanism, digests, steps]: Parameters<NonNullable<typeof key>['signHashes']>) => {
      const otherDigest = digests[wrong - 1]?.map((byte) => byte ^ 1) ?? Buffer.alloc(32)
      return (await key?.signHashes(mechanism, digests.with(wrong - 1, otherDigest), steps)) ?? []
    }
    return key && { ...key, signHashes }
  })
  const put = vi.spyOn(organization.store, 'put')
  expect(await callSigner(organization, request)).toMatchObject({
    code: 'HASH_SIGNATURE_INVALID',
    message: expect.stringContaining(`The signature of hash ${wrong} of ${count} does not hold`),
  })
  expect(put).not.toHaveBeenCalled()
  expect(await organization.request(request.signingRequestId)).toMatchObject({ signedArtifact: null, attempts: 1 })
})
