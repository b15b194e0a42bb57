import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Caller, OpenArtifactInput } from '../../application/index.ts'
import {
  failedCheck,
  globalRoles,
  type OrganizationId,
  type ProjectId,
  passedCheck,
  type Sha256Digest,
  type SignedProvenance,
  type SigningPolicyEvent,
  type SigningPolicyId,
  type SigningRequestEvent,
  type SigningRequestId,
  type Submission,
  streams,
  type TrustedBuildSystemId,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { event } from '../support/decider-spec.ts'
import { event as requestEvent } from '../support/signing-request-history.ts'
import { aManifest, anOrigin, aPlan, fixedUuid } from '../support/submission.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

type People = {
  readonly submitter: TestCaller
  readonly colleague: TestCaller
  readonly approver: TestCaller
  readonly stranger: TestCaller
}

const aFault = { code: 'ORIGIN_REPOSITORY_MISMATCH', message: 'It was built from another repository.' }

/** A request of `submitter` to a policy that `colleague` may submit to as well. */
async function requested(): Promise<
  People & {
    test: TestApplication
    signingRequestId: SigningRequestId
    signingPolicyId: SigningPolicyId
    projectId: ProjectId
  }
> {
  const test = await testApplication()
  const submitter = await test.user('Submitter')
  const colleague = await test.user('Colleague')
  const approver = await test.user('Approver')
  const stranger = await test.user('Stranger')
  const approval = { approvers: [approver], requiredApprovals: 1 }
  const { signingPolicyId, projectId } = await test.policy({ submitters: [submitter, colleague], approval })
  const signingRequestId = await test.submit(submitter)
  return { test, submitter, colleague, approver, stranger, signingRequestId, signingPolicyId, projectId }
}

const open = (
  test: TestApplication,
  caller: Caller,
  signingRequestId: string,
  which: OpenArtifactInput['which'] = 'unsigned',
) => test.application.openArtifact(caller, { signingRequestId, which })

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('the artifact of a request', () => {
  it('is open to readers and configurators of its project as it is now, themselves or through a group', async () => {
    const { test, stranger, signingRequestId, projectId } = await requested()
    const member = await test.user('Member')
    const { groupId } = await test.application.createGroup(test.setup, {
      name: 'Readers',
      description: null,
      members: [member.userId],
    })
    const settings = { name: 'Tool', description: null, repositoryUrl: null }
    const both = [{ user: stranger.userId }, { group: groupId }]
    const lists = [
      { readers: both, configurators: [] },
      { readers: [], configurators: both },
    ]
    for (const [basedOnRevision, list] of lists.entries()) {
      await test.application.updateProject(test.setup, { projectId, basedOnRevision, ...settings, ...list })
      for (const caller of [stranger, member])
        expect(await open(test, caller, signingRequestId)).toMatchObject({ fileName: 'setup.exe' })
    }
    const none = { readers: [], configurators: [] }
    await test.application.updateProject(test.setup, { projectId, basedOnRevision: 2, ...settings, ...none })
    for (const caller of [stranger, member])
      await expect(open(test, caller, signingRequestId)).rejects.toMatchObject({
        code: 'FORBIDDEN',
        message: expect.stringContaining('to be a reader of the project'),
      })
  })

  it('is open to its submitter, to those whom the policy names, to project administrators and to readers', async () => {
    const { test, submitter, colleague, approver, stranger, signingRequestId } = await requested()
    for (const caller of [submitter, colleague, approver]) {
      const artifact = await open(test, caller, signingRequestId)
      expect(artifact).toMatchObject({ fileName: 'setup.exe', size: 9 })
      expect(await text(artifact.read())).toBe('a program')
      expect(await text(artifact.read({ start: 2, end: 5 }))).toBe('pro')
    }
    const allowed: string[] = []
    for (const role of globalRoles) {
      const answer = await open(test, await test.user(role, role), signingRequestId).then(
        () => 'opened',
        (error) => error.code,
      )
      if (answer === 'opened') allowed.push(role)
      else expect(answer).toBe('FORBIDDEN')
    }
    expect(allowed).toEqual(['globalAdministrator', 'projectAdministrator', 'globalReader'])
    await expect(open(test, stranger, signingRequestId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('does not exist for other organizations, whatever the role there', async () => {
    const { test, signingRequestId } = await requested()
    const organizationId = randomUUID() as OrganizationId
    const foreign = { ...(await test.user('Foreign', 'globalAdministrator')), organizationId }
    const missing = await open(test, foreign, randomUUID()).catch((error) => error)
    const hidden = await open(test, foreign, signingRequestId).catch((error) => error)
    expect([missing.code, hidden.code]).toEqual(['SIGNING_REQUEST_NOT_FOUND', 'SIGNING_REQUEST_NOT_FOUND'])
    expect(hidden.message.replace(signingRequestId, '')).toBe(missing.message.replace(/[0-9a-f-]{36}/, ''))
  })

  it('stays open to its submitter and approvers when the policy names others, and opens to those', async () => {
    const { test, submitter, colleague, approver, stranger, signingRequestId, signingPolicyId } = await requested()
    const stream = streams.signingPolicy(signingPolicyId)
    const { events, revision } = await readWholeStream(test.dependencies.log, stream)
    const [created] = events as unknown as Extract<SigningPolicyEvent, { type: 'SigningPolicyCreated' }>[]
    if (created === undefined) throw new Error('There is no policy')
    const settings = { ...created.data.settings, submitters: [{ user: stranger.userId }], approval: null }
    const changed = event<SigningPolicyEvent, 'SigningPolicyChanged'>('SigningPolicyChanged', { version: 2, settings })
    await appendRaw(test.dependencies.log, stream, [changed], revision, test.setup.organizationId)
    for (const caller of [submitter, approver, stranger])
      await expect(open(test, caller, signingRequestId)).resolves.toMatchObject({ fileName: 'setup.exe' })
    await expect(open(test, colleague, signingRequestId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('is signed once the request is completed, and not before', async () => {
    const { test, submitter, approver, signingRequestId } = await requested()
    await expect(open(test, submitter, signingRequestId, 'signed')).rejects.toMatchObject({
      code: 'SIGNED_ARTIFACT_NOT_READY',
      message: expect.stringContaining('Submitted'),
    })
    const signed = await sign(test, approver, signingRequestId)
    expect(await open(test, submitter, signingRequestId, 'signed')).toMatchObject(signed)
    expect(await open(test, submitter, signingRequestId, 'unsigned')).not.toMatchObject(signed)
    await expect(open(test, submitter, signingRequestId, 'provenanceBundle')).rejects.toMatchObject({
      code: 'PROVENANCE_NOT_FOUND',
      message: expect.stringContaining('origin was not verified'),
    })
  })

  it('has provenance beside it where its origin was verified, and says so where there is none', async () => {
    const { test, submitter, approver, stranger, signingRequestId } = await requested()
    const code = (which: OpenArtifactInput['which'], caller: Caller = submitter) =>
      open(test, caller, signingRequestId, which).catch((error) => error.code)
    expect(await code('provenance')).toBe('PROVENANCE_NOT_FOUND')
    const envelope = { sha256: 'e1'.repeat(32) as Sha256Digest, size: 10 }
    const bundle = { sha256: 'b1'.repeat(32) as Sha256Digest, size: 20 }
    await sign(test, approver, signingRequestId, { keyId: fixedUuid('7'), envelope, bundle })
    expect(await open(test, submitter, signingRequestId, 'provenance')).toMatchObject({
      fileName: 'setup.exe.intoto.json',
      ...envelope,
    })
    expect(await open(test, submitter, signingRequestId, 'provenanceBundle')).toMatchObject({
      fileName: 'setup.exe.sigstore.json',
      ...bundle,
    })
    expect(await code('provenance', stranger)).toBe('FORBIDDEN')
  })

  it('is given to nobody as long as it was fetched from a build system, and its origin is not verified', async () => {
    const { test, submitter, signingRequestId: uploaded } = await requested()
    const { log } = test.dependencies
    const { events } = await readWholeStream(log, streams.signingRequest(uploaded))
    const [submitted] = events as unknown as [{ data: Submission }]
    const { schemaVersion: _, ...made } = submitted.data as Submission & { readonly schemaVersion: number }
    const trustedBuildSystemId = fixedUuid<TrustedBuildSystemId>('d')
    const facts = { trustedBuildSystemId, kind: 'teamCity', checks: [passedCheck('build', {})], evidence: [] } as const
    const artifact = { fileName: 'setup.exe', sha256: 'ab'.repeat(32) as Sha256Digest, size: 9 }
    const request = async (origin?: SigningRequestEvent) => {
      const signingRequestId = randomUUID() as SigningRequestId
      const originVerification = { allowedBranches: ['main'], repositoryUrl: 'https://example.org/test' }
      const source = { ...made.source, kind: 'buildArtifact', isAtHand: false }
      const history = [
        requestEvent('SigningRequestSubmitted', { ...made, signingRequestId, source, originVerification }),
        requestEvent('ArtifactRetrieved', artifact),
        ...(origin === undefined ? [] : [origin]),
      ]
      const stream = streams.signingRequest(signingRequestId)
      await appendRaw(log, stream, history, 'noStream', test.setup.organizationId)
      return signingRequestId
    }
    const rejected = requestEvent('OriginRejected', { ...facts, checks: [failedCheck('repository', aFault, {})] })
    const verified = requestEvent('OriginVerified', { ...facts, proof: 'api', origin: anOrigin })
    const administrator = await test.user('Administrator', 'globalAdministrator')
    for (const id of [await request(), await request(rejected)])
      for (const caller of [submitter, administrator])
        await expect(open(test, caller, id)).rejects.toMatchObject({ code: 'ORIGIN_NOT_VERIFIED' })
    expect(await open(test, submitter, await request(verified))).toMatchObject(artifact)
  })

  it('is refused with a record: who asked for what', async () => {
    const { test, stranger, signingRequestId } = await requested()
    await expect(open(test, stranger, signingRequestId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await test.securityEvents()).toEqual([
      expect.objectContaining({
        data: expect.objectContaining({
          commands: ['openArtifact'],
          code: 'FORBIDDEN',
          subject: signingRequestId,
          count: 1,
        }),
        metadata: expect.objectContaining({
          actor: {
            kind: 'user',
            userId: stranger.userId,
            authentication: { method: 'apiToken', tokenId: stranger.tokenId },
          },
          remoteAddress: '192.0.2.1',
        }),
      }),
    ])
  })

  it('is named by a UUID', async () => {
    const { test, submitter } = await requested()
    await expect(open(test, submitter, '../setup.exe')).rejects.toMatchObject({ code: 'ID_MALFORMED' })
  })
})

/** Takes a request to its end. */
async function sign(
  test: TestApplication,
  approver: Caller,
  signingRequestId: SigningRequestId,
  provenance?: SignedProvenance,
) {
  const planDigest = 'cd'.repeat(32) as Sha256Digest
  const signedArtifact = { fileName: 'setup.exe', sha256: 'ef'.repeat(32) as Sha256Digest, size: 99 }
  const opened = await open(test, approver, signingRequestId)
  const { events } = await readWholeStream(test.dependencies.log, streams.signingRequest(signingRequestId))
  const certificateId = events[0]?.data.certificateId as never
  const { tell } = test
  await tell(signingRequestId, { type: 'RecordRetrieval', artifact: opened })
  await tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: test.clock.now })
  await test.application.approveSigningRequest(approver, { signingRequestId, planDigest, comment: null })
  await tell(signingRequestId, {
    type: 'StartSigning',
    planDigest,
    certificateId,
    certificateThumbprint: '00',
    keyId: fixedUuid('7'),
  })
  const file = { unsignedSha256: opened.sha256, signedSha256: signedArtifact.sha256, signedSize: 99 }
  await tell(signingRequestId, {
    type: 'RecordSigned',
    attempt: 1,
    ...aManifest(file),
    signedArtifact,
    ...(provenance && { provenance }),
  })
  return signedArtifact
}
