import { execFile } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test, vi } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { openManifest } from '../../artifacts/index.ts'
import {
  certificateDecider,
  fold,
  projectDecider,
  retrieved,
  type SigningRequest,
  type SigningRequestId,
  signingPolicyDecider,
  streams,
  userDecider,
} from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import { toPem } from '../../signing/x509/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { aPlan } from '../support/submission.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'

const run = promisify(execFile)

/** Calls the sign activity itself, as a forged Temporal task would. */
async function callSigner(organization: TestOrganization, signingRequestId: SigningRequestId) {
  const find = vi.spyOn(organization.token, 'findKey')
  const refused: string[] = []
  const { sign } = signerActivities({
    ...organization.signer,
    recordRefusal: async (_command, subject, { code }) => void refused.push(`${subject} ${code}`),
  })
  const failure = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => undefined,
    (error: { type?: string; nonRetryable?: boolean }) => error,
  )
  return { failure, keyTouched: find.mock.calls.length > 0, refused }
}

async function approved(organization: TestOrganization, program?: Uint8Array): Promise<SigningRequest> {
  const request = await organization.planned(program)
  for (const approver of organization.approvers.slice(0, 2)) await approve(organization, request, approver)
  return organization.request(request.signingRequestId)
}

async function approve(
  organization: TestOrganization,
  { signingRequestId, plan }: SigningRequest,
  approver: TestOrganization['submitter'],
) {
  const planDigest = plan?.digest ?? otherDigest
  await organization.tell(
    signingRequestId,
    { type: 'Approve', groups: [], approver, planDigest, comment: null },
    approver,
  )
}

async function expectRefusal(
  organization: TestOrganization,
  request: SigningRequest,
  code: string,
  { ends = true }: { readonly ends?: boolean } = {},
) {
  const { failure, keyTouched, refused } = await callSigner(organization, request.signingRequestId)
  expect(failure).toMatchObject({ type: code, nonRetryable: ends })
  expect(keyTouched).toBe(false)
  expect(refused).toEqual([`${request.signingRequestId} ${code}`])
  const types = (await readWholeStream(organization.log, streams.signingRequest(request.signingRequestId))).events.map(
    ({ type }) => type,
  )
  expect(types).not.toContain('SigningStarted')
}

silenceWorkers()

describe('the sign activity uses the key only when the log authorises it (law 1)', () => {
  test('signs an approved request, and osslsigncode accepts the file', async () => {
    const organization = await testOrganization()
    const request = await approved(organization)
    const { failure } = await callSigner(organization, request.signingRequestId)
    expect(failure).toBeUndefined()
    const completed = await organization.request(request.signingRequestId)
    expect(completed).toMatchObject({ workflowStatus: 'Completed', attempts: 1 })
    const { manifest, plan, signedArtifact } = completed
    const { digest, document } = manifest ?? { digest: otherDigest, document: otherDigest }
    const stored = await openManifest(organization.store, { digest, document })
    expect(stored.head).toMatchObject({ attempt: 1, planDigest: plan?.digest, signedArtifact })
    expect((await stored.entries(0, 2)).map(({ entry }) => entry)).toEqual(manifest?.files)
    expect(manifest?.files).toMatchObject([
      {
        node: 0,
        path: ['program.exe'],
        unsignedSha256: request.artifact?.sha256,
        signedSha256: signedArtifact?.sha256,
      },
    ])

    const { events } = await readWholeStream(organization.log, streams.certificate(request.certificateId))
    const chain = events.find(({ type }) => type === 'CertificateIssued')?.data.chain as string[]
    const certificateFile = join(organization.folder, 'certificate.pem')
    await writeFile(certificateFile, toPem(Buffer.from(chain[0] ?? '', 'base64')))
    const { path } = await organization.store.open(completed.signedArtifact?.sha256 ?? otherDigest)
    const trust = ['-CAfile', certificateFile, '-TSA-CAfile', organization.timeStampRoot]
    const { stdout } = await run('osslsigncode', ['verify', ...trust, '-in', path])
    expect(stdout).toContain('Number of verified signatures: 1')
  })

  test('SigningStarted is in the log, alone, before the key is touched', async () => {
    const organization = await testOrganization()
    const request = await approved(organization)
    const stream = streams.signingRequest(request.signingRequestId)
    const seen: string[] = []
    const findKey = organization.token.findKey.bind(organization.token)
    vi.spyOn(organization.token, 'findKey').mockImplementation(async (id) => {
      const { events } = await readWholeStream(organization.log, stream)
      seen.push(String(events.at(-1)?.type))
      return findKey(id)
    })
    const { sign } = signerActivities({ ...organization.signer, recordRefusal: async () => undefined })
    await new MockActivityEnvironment().run(sign, { signingRequestId: request.signingRequestId, fromRevision: 0 })
    expect(seen).toEqual(['SigningStarted'])
  })

  test('a request that is completed is not signed again', async () => {
    const organization = await testOrganization()
    const request = await approved(organization)
    await callSigner(organization, request.signingRequestId)
    const before = await readWholeStream(organization.log, streams.signingRequest(request.signingRequestId))
    const again = await callSigner(organization, request.signingRequestId)
    expect(again.failure).toBeUndefined()
    const after = await readWholeStream(organization.log, streams.signingRequest(request.signingRequestId))
    expect(after.revision).toBe(before.revision)
  })

  test('a crash after SigningStarted is followed by the next attempt, and one completion', async () => {
    const organization = await testOrganization()
    const request = await approved(organization)
    vi.spyOn(organization.token, 'findKey').mockRejectedValueOnce(new Error('the process died here'))
    expect((await callSigner(organization, request.signingRequestId)).failure).toBeDefined()
    expect(await organization.request(request.signingRequestId)).toMatchObject({
      workflowStatus: 'Processing',
      attempts: 1,
    })
    expect((await callSigner(organization, request.signingRequestId)).failure).toBeUndefined()
    expect(await organization.request(request.signingRequestId)).toMatchObject({
      workflowStatus: 'Completed',
      attempts: 2,
    })
  })

  test('refuses without quorum', async () => {
    const organization = await testOrganization()
    const request = await organization.planned()
    await approve(organization, request, organization.approvers[0])
    await expectRefusal(organization, request, 'QUORUM_NOT_REACHED')
  })

  test('refuses a request that does not exist', async () => {
    const organization = await testOrganization()
    const { failure, keyTouched } = await callSigner(organization, organization.setup.callId as SigningRequestId)
    expect(failure).toMatchObject({ type: 'SIGNING_REQUEST_NOT_FOUND' })
    expect(keyTouched).toBe(false)
  })

  test('refuses when one byte of the stored artifact changed', async () => {
    const organization = await testOrganization()
    const request = await approved(organization)
    const { path } = await organization.store.open(retrieved(request).artifact.sha256)
    const bytes = await readFile(path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    await chmod(path, 0o600)
    await writeFile(path, bytes)
    await expectRefusal(organization, request, 'ARTIFACT_CORRUPT', { ends: false })
  })

  test('refuses when the recorded plan is another than the stored bytes give', async () => {
    const organization = await testOrganization()
    const { signingRequestId, artifact } = await organization.planned()
    // The same request, whose log says another plan, approved by two people.
    const stream = streams.signingRequest(signingRequestId)
    const { events } = await readWholeStream(organization.log, stream)
    const other = crypto.randomUUID() as SigningRequestId
    const otherStream = streams.signingRequest(other)
    const [submitted] = events
    await appendRaw(
      organization.log,
      otherStream,
      [
        {
          type: 'SigningRequestSubmitted',
          data: { ...submitted?.data, schemaVersion: 1, signingRequestId: other } as never,
        },
        {
          type: 'ArtifactRetrieved',
          data: { schemaVersion: 1, ...artifact } as never,
        },
        {
          type: 'SigningPlanned',
          data: { schemaVersion: 1, planDigest: otherDigest, ...aPlan, approvalDeadline: null } as never,
        },
      ],
      'noStream',
      organization.setup.organizationId,
    )
    const planned = await organization.request(other)
    for (const approver of organization.approvers.slice(0, 2)) await approve(organization, planned, approver)
    await expectRefusal(organization, planned, 'PLAN_DIGEST_MISMATCH')
  })

  test('lets a request wait whose plan was made by a planner that this release does not have', async () => {
    const organization = await testOrganization()
    const { signingRequestId, plan } = await organization.planned()
    const { events } = await readWholeStream(organization.log, streams.signingRequest(signingRequestId))
    const other = crypto.randomUUID() as SigningRequestId
    // As another release would have planned it.
    const rewritten = events.map(({ type, data }) => ({
      type,
      data: {
        ...data,
        schemaVersion: 1,
        ...(type === 'SigningRequestSubmitted' && { signingRequestId: other }),
        ...(type === 'SigningPlanned' && { plannerVersion: (plan?.plannerVersion ?? 0) + 1 }),
      },
    }))
    const { organizationId } = organization.setup
    await appendRaw(organization.log, streams.signingRequest(other), rewritten, 'noStream', organizationId)
    const request = await organization.request(other)
    for (const approver of organization.approvers.slice(0, 2)) await approve(organization, request, approver)
    const { failure, keyTouched, refused } = await callSigner(organization, other)
    expect(failure).toMatchObject({ type: 'PLANNER_VERSION_UNSUPPORTED', nonRetryable: false })
    expect({ keyTouched, refused }).toEqual({ keyTouched: false, refused: [] })
    expect(await organization.request(other)).toMatchObject({ workflowStatus: 'QueuedForProcessing', attempts: 0 })
  })

  test('refuses with a disabled certificate', async () => {
    const organization = await testOrganization()
    const request = await approved(organization)
    await handleCommand(
      organization.signer,
      organization.setup,
      streams.certificate(organization.certificateId),
      certificateDecider,
      { type: 'DisableCertificate', reason: 'stolen' },
    )
    await expectRefusal(organization, request, 'CERTIFICATE_DISABLED')
  })

  test('refuses an expired certificate', async () => {
    const notAfter = new Date(Date.now() + 3_600_000).toISOString()
    const organization = await testOrganization({ notAfter })
    const request = await approved(organization)
    const later = { ...organization, signer: { ...organization.signer, now: () => '2099-01-01T00:00:00.000Z' } }
    await expectRefusal(later, request, 'CERTIFICATE_EXPIRED')
  })

  test('refuses a forged approval that is not in the log: the caller cannot bring one along', async () => {
    const organization = await testOrganization()
    const request = await organization.planned()
    const { sign } = signerActivities({ ...organization.signer, recordRefusal: async () => undefined })
    const { signingRequestId, plan } = request
    const forged = {
      signingRequestId,
      fromRevision: 0,
      approvals: organization.approvers.map((approver) => ({ approver, planDigest: plan?.digest })),
    }
    const find = vi.spyOn(organization.token, 'findKey')
    await expect(new MockActivityEnvironment().run(sign, forged)).rejects.toMatchObject({ type: 'QUORUM_NOT_REACHED' })
    expect(find).not.toHaveBeenCalled()
  })

  test('refuses an approval in the log that somebody else wrote in the name of an approver', async () => {
    const organization = await testOrganization()
    const request = await organization.planned()
    const { signingRequestId, plan } = request
    const planDigest = plan?.digest ?? otherDigest
    const [anna, bert] = organization.approvers
    for (const approver of [anna, bert])
      await organization.tell(
        signingRequestId,
        { type: 'Approve', groups: [], approver, planDigest, comment: null },
        bert,
      )
    await expectRefusal(organization, request, 'APPROVAL_NOT_BY_APPROVER')
  })

  test('refuses when the request treats existing signatures as its policy does not allow', async () => {
    const organization = await testOrganization()
    const { log, signer, setup, signingPolicyId, certificateId } = organization
    const { events } = await readWholeStream(log, streams.signingPolicy(signingPolicyId))
    const policy = fold(signingPolicyDecider, events)
    const certificate = fold(
      certificateDecider,
      (await readWholeStream(log, streams.certificate(certificateId))).events,
    )
    if (policy.status === 'none' || certificate.status === 'none') throw new Error('there is no policy')
    await handleCommand(signer, setup, streams.signingPolicy(signingPolicyId), signingPolicyDecider, {
      type: 'ChangeSigningPolicy',
      settings: { ...policy.versions[0], existingSignatures: ['append', 'refuse'] },
      certificate: { ...certificate, keyAlgorithm: 'ec-p256' },
      replaced: null,
      people: { submitters: [organization.submitter], approvers: organization.approvers },
    })
    const request = await approved(organization)
    expect(request).toMatchObject({ signingPolicyVersion: 2, existingSignatures: 'replace' })
    await expectRefusal(organization, request, 'POLICY_MISMATCH')
  })

  test('refuses when the request claims a laxer policy than the policy says', async () => {
    const organization = await testOrganization()
    const request = await organization.planned()
    const stream = streams.signingRequest(request.signingRequestId)
    const { events } = await readWholeStream(organization.log, stream)
    const other = crypto.randomUUID() as SigningRequestId
    const rewritten = events.map(({ type, data }) => ({
      type,
      data: {
        ...data,
        schemaVersion: 1,
        ...(type === 'SigningRequestSubmitted' ? { signingRequestId: other, approval: null } : {}),
      },
    }))
    const { organizationId } = organization.setup
    await appendRaw(organization.log, streams.signingRequest(other), rewritten, 'noStream', organizationId)
    await expectRefusal(organization, await organization.request(other), 'POLICY_MISMATCH')
  })

  test.each([
    ['an inactive policy', 'SIGNING_POLICY_INACTIVE'],
    ['an inactive project', 'PROJECT_INACTIVE'],
  ])('refuses under %s', async (_what, code) => {
    const organization = await testOrganization()
    const request = await approved(organization)
    const { signer, setup, signingPolicyId, projectId } = organization
    if (code === 'PROJECT_INACTIVE')
      await handleCommand(signer, setup, streams.project(projectId), projectDecider, {
        type: 'DeactivateProject',
        reason: null,
      })
    else
      await handleCommand(signer, setup, streams.signingPolicy(signingPolicyId), signingPolicyDecider, {
        type: 'DeactivateSigningPolicy',
        reason: null,
      })
    await expectRefusal(organization, request, code)
  })

  test('a submitter who was deactivated meanwhile gets nothing signed; one who is active again does', async () => {
    const organization = await testOrganization()
    const { signer, setup, submitter } = organization
    const request = await approved(organization)
    const user = streams.user(submitter)
    await handleCommand(signer, setup, user, userDecider, { type: 'DeactivateUser', reason: null })
    await expectRefusal(organization, request, 'SUBMITTER_DEACTIVATED')
    await handleCommand(signer, setup, user, userDecider, { type: 'ReactivateUser' })
    expect((await callSigner(organization, request.signingRequestId)).failure).toBeUndefined()
  })

  test('a submitter that the log does not know gets nothing signed', async () => {
    const organization = await testOrganization()
    const request = await approved(organization)
    const { signer } = organization
    const { log } = signer
    const withoutSubmitter: EventLog = {
      append: (...given) => log.append(...given),
      readStream: (streamId, options) =>
        log.readStream(streamId === streams.user(request.submitter) ? 'user-nobody' : streamId, options),
      lastRevisions: (streamIds) => log.lastRevisions(streamIds),
      readAll: (options) => log.readAll(options),
      subscribe: (options) => log.subscribe(options),
      head: () => log.head(),
      close: () => log.close(),
    }
    const blind = { ...organization, signer: { ...signer, log: withoutSubmitter } }
    await expectRefusal(blind, request, 'SUBMITTER_UNKNOWN')
  })

  test('an approver who was deactivated before the quorum does not count; one deactivated after it does', async () => {
    const organization = await testOrganization()
    const { signer, setup, approvers } = organization
    const deactivate = (user: TestOrganization['submitter']) =>
      handleCommand(signer, setup, streams.user(user), userDecider, { type: 'DeactivateUser', reason: null })
    const late = await approved(organization)
    const early = await organization.planned()
    await approve(organization, early, approvers[0])
    await deactivate(approvers[0])
    await approve(organization, early, approvers[1])
    await expectRefusal(organization, early, 'APPROVER_DEACTIVATED')
    expect((await callSigner(organization, late.signingRequestId)).failure).toBeUndefined()
  })
})
