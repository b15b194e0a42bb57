import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { createCiUser } from '../../application/create-user.ts'
import type { Caller, ResubmitSigningRequestInput, SubmitSigningRequestInput } from '../../application/index.ts'
import {
  fold,
  type Sha256Digest,
  type SigningPolicySettings,
  type SigningRequest,
  type SigningRequestId,
  signingRequestDecider,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { aManifest, aPlan } from '../support/submission.ts'
import { type TestApplication, type TestCaller, testApplication, uploaded } from '../support/test-application.ts'

const planDigest = 'cd'.repeat(32) as Sha256Digest
const signedSha256 = 'ef'.repeat(32) as Sha256Digest

/** A project with the policy `release`, to which the builder submits, and `final`, to which the manager does. */
async function project(final: Partial<SigningPolicySettings> = {}) {
  const test = await testApplication()
  const [builder, manager, anna] = [await test.user('Builder'), await test.user('Manager'), await test.user('Anna')]
  const { projectId, certificateId } = await test.policy({ submitters: [builder] })
  const { signingPolicyId } = await createSigningPolicy(test.dependencies, test.setup, {
    projectId,
    slug: 'final',
    settings: {
      name: 'Final',
      certificateId,
      submitters: [{ user: manager.userId }],
      approval: {
        approvers: [anna, builder, manager].map(({ userId }) => ({ user: userId })),
        requiredApprovals: 1,
        submitterMayApprove: false,
        deadlineSeconds: null,
      },
      timestamp: 'none',
      release: false,
      existingSignatures: ['append', 'replace'],
      ...final,
    },
  })
  return { test, builder, manager, anna, projectId, certificateId, signingPolicyId }
}

async function request({ dependencies }: TestApplication, id: SigningRequestId): Promise<SigningRequest> {
  const { events } = await readWholeStream(dependencies.log, streams.signingRequest(id))
  return fold(signingRequestDecider, events) as SigningRequest
}

/** A request that the builder submitted to `release`. */
async function submitted(
  { application }: TestApplication,
  builder: Caller,
  chosen: Partial<SubmitSigningRequestInput> = {},
): Promise<SigningRequestId> {
  async function* bytes() {
    yield new TextEncoder().encode('a program')
  }
  const { uploadId } = await application.uploadArtifact(builder, { fileName: 'setup.exe', bytes: bytes() })
  const input = { project: 'tool', signingPolicy: 'release', source: uploaded(uploadId), description: 'Candidate 3' }
  return (await application.submitSigningRequest(builder, { ...input, ...chosen })).signingRequestId
}

/** Takes it to its end, as worker and signer would. */
async function completed(test: TestApplication, signingRequestId: SigningRequestId): Promise<SigningRequestId> {
  const { tell, clock } = test
  const { source, certificateId } = await request(test, signingRequestId)
  const { fileName, sha256, size } = source as SigningRequest['source'] & {
    fileName: string
    sha256: Sha256Digest
    size: number
  }
  await tell(signingRequestId, { type: 'RecordRetrieval', artifact: { fileName, sha256, size } })
  await tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: clock.now })
  const key = { certificateId, certificateThumbprint: '12'.repeat(32), keyId: randomUUID() as never }
  await tell(signingRequestId, { type: 'StartSigning', planDigest, ...key })
  const manifest = aManifest({ unsignedSha256: sha256, signedSha256, signedSize: 10 })
  const signedArtifact = { fileName, sha256: signedSha256, size: 10 }
  await tell(signingRequestId, { type: 'RecordSigned', attempt: 1, ...manifest, signedArtifact })
  return signingRequestId
}

const again = (
  { application }: TestApplication,
  caller: TestCaller,
  originalSigningRequestId: string,
  chosen: Partial<ResubmitSigningRequestInput> = {},
) =>
  application.resubmitSigningRequest(caller, {
    originalSigningRequestId,
    signingPolicy: 'final',
    description: 'Release 3',
    ...chosen,
  })

describe('a resubmission', () => {
  it('takes policy and description anew, and artifact, treatment of signatures and version as they were', async () => {
    const { test, builder, manager, projectId, signingPolicyId } = await project()
    const original = await completed(
      test,
      await submitted(test, builder, { existingSignatures: 'append', version: '3.0-rc' }),
    )
    const { signingRequestId } = await again(test, manager, original)
    const { source } = await request(test, original)
    expect(await request(test, signingRequestId)).toMatchObject({
      projectId,
      signingPolicyId,
      submitter: manager.userId,
      description: 'Release 3',
      existingSignatures: 'append',
      version: '3.0-rc',
      source: {
        kind: 'earlierRequest',
        fileName: 'setup.exe',
        sha256: source.sha256,
        size: source.size,
        isAtHand: true,
        details: { signingRequestId: original },
      },
    })
    // Also what was taken again can be.
    await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact: source as never })
    expect(await codeOf(again(test, manager, signingRequestId))).toBe('EARLIER_REQUEST_NOT_USABLE')
  })

  it('needs the permission to submit to the new policy, whoever may submit to the old one', async () => {
    const { test, builder, manager } = await project()
    const original = await completed(test, await submitted(test, builder))
    expect(await codeOf(again(test, builder, original))).toBe('FORBIDDEN')
    expect(await codeOf(again(test, manager, original, { signingPolicy: 'release' }))).toBe('FORBIDDEN')
    expect(await codeOf(again(test, manager, original, { signingPolicy: 'no-such' }))).toBe('SIGNING_POLICY_NOT_FOUND')
    const recorded = (await test.refusals()).map(({ commands, code }) => `${commands} ${code}`)
    expect(recorded).toContain('resubmitSigningRequest FORBIDDEN')
  })

  it('is refused unless the original is completed, and where the new policy does not allow what it asks for', async () => {
    const { test, builder, manager } = await project({ existingSignatures: ['refuse'] })
    const original = await submitted(test, builder)
    expect(await codeOf(again(test, manager, original))).toBe('EARLIER_REQUEST_NOT_USABLE')
    expect(await codeOf(again(test, manager, randomUUID()))).toBe('SIGNING_REQUEST_NOT_FOUND')
    expect(await codeOf(again(test, manager, 'x'))).toBe('ID_MALFORMED')
    await completed(test, original)
    expect(await codeOf(again(test, manager, original))).toBe('EXISTING_SIGNATURES_NOT_ALLOWED')
  })

  it('does not leave the organization, nor the projects that a token is limited to', async () => {
    const { test, builder, manager } = await project()
    const original = await completed(test, await submitted(test, builder))
    const { setup, dependencies, application } = test
    const stranger = { ...manager, organizationId: randomUUID() as typeof manager.organizationId }
    expect(await codeOf(again(test, stranger, original))).toBe('SIGNING_REQUEST_NOT_FOUND')
    const { projectId: elsewhere } = await test.policy({ submitters: [manager], slug: 'other' })
    const scope = { access: 'submit', projects: [elsewhere], networks: null } as const
    const token = { userId: manager.userId, name: 'limited', expiresAt: null, scope }
    const { token: apiToken } = await issueApiToken(dependencies, setup, token)
    const limited = { ...manager, ...(await application.authenticate({ apiToken }, undefined)) }
    expect(await codeOf(again(test, limited, original))).toBe('API_TOKEN_SCOPE_EXCEEDED')
  })

  it('is answered with the first by the same idempotency key, and refused for other content', async () => {
    const { test, builder, manager } = await project()
    const original = await completed(test, await submitted(test, builder))
    const another = await completed(test, await submitted(test, builder))
    const idempotencyKey = 'release 3'
    const first = await again(test, manager, original, { idempotencyKey })
    expect(await again(test, manager, original, { idempotencyKey })).toEqual(first)
    expect(await codeOf(again(test, manager, another, { idempotencyKey }))).toBe('IDEMPOTENCY_KEY_REUSED')
    expect(await codeOf(again(test, manager, original, { idempotencyKey, description: null }))).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    )
  })

  it('is approved neither by who submitted again nor by who submitted the original', async () => {
    const { test, builder, manager, anna } = await project()
    const original = await completed(test, await submitted(test, builder))
    const { signingRequestId } = await again(test, manager, original)
    const { artifact } = await request(test, original)
    await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact: artifact as never })
    await test.tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: test.clock.now })
    const approve = (caller: Caller) =>
      codeOf(test.application.approveSigningRequest(caller, { signingRequestId, planDigest, comment: null }))
    expect(await approve(manager)).toBe('SUBMITTER_MAY_NOT_APPROVE')
    expect(await approve(builder)).toBe('SUBMITTER_MAY_NOT_APPROVE')
    expect(await approve(anna)).toBe('done')
  })
})

describe('a resubmission to a policy that demands a trusted build system', () => {
  it('rests on the build system that vouched for the original, and on CI users alone', async () => {
    const { test, builder, manager, projectId, certificateId } = await project()
    const { application, dependencies, setup } = test
    const ada = await test.user('Ada', 'globalAdministrator')
    const ci = async (name: string) => {
      const { userId } = await createCiUser(dependencies, setup, { name, responsible: ada.userId })
      const { token, tokenId } = await issueApiToken(dependencies, setup, { userId, name: 'build', expiresAt: null })
      return { userId, token, tokenId }
    }
    const [build, release] = [await ci('Build'), await ci('Release')]
    const system = await application.createTrustedBuildSystem(ada, {
      slug: 'jenkins',
      name: 'Jenkins',
      description: null,
      kind: 'jenkins',
    })
    await application.linkTrustedBuildSystem(ada, { trustedBuildSystemId: system.trustedBuildSystemId, projectId })
    const vouchedFor = (apiToken: string) =>
      application.authenticate({ apiToken, trustedBuildSystemToken: system.token }, undefined)
    const settings = {
      name: 'Vouched',
      certificateId,
      approval: null,
      timestamp: 'none',
      release: false,
      existingSignatures: ['replace'],
    } as const
    const submitters = [build, release, builder, manager].map(({ userId }) => ({ user: userId }))
    await createSigningPolicy(dependencies, setup, {
      projectId,
      slug: 'open',
      settings: { ...settings, submitters },
    })
    await createSigningPolicy(dependencies, setup, {
      projectId,
      slug: 'vouched',
      settings: { ...settings, submitters: submitters.slice(0, 2), trustedBuildSystemRequired: true },
    })
    const toVouched = { signingPolicy: 'vouched' }
    const original = async (caller: Caller) => completed(test, await submitted(test, caller, { signingPolicy: 'open' }))
    const byRelease = { ...release, ...(await application.authenticate({ apiToken: release.token }, undefined)) }
    const unvouched = { ...build, ...(await application.authenticate({ apiToken: build.token }, undefined)) }

    // The release job has no token of the build system, and needs none.
    const vouched = await original(await vouchedFor(build.token))
    expect(await codeOf(again(test, byRelease, vouched, toVouched))).toBe('done')
    // Its own build system does not make up for the original's.
    const alone = await original(unvouched)
    const bringing = { ...release, ...(await vouchedFor(release.token)) }
    expect(await codeOf(again(test, bringing, alone, toVouched))).toBe('TRUSTED_BUILD_SYSTEM_REQUIRED')
    const byPerson = await original(await vouchedFor(builder.token))
    expect(await codeOf(again(test, byRelease, byPerson, toVouched))).toBe('SUBMITTER_NOT_CI_USER')
    // Through another policy it goes back to the same origin.
    const { signingRequestId: between } = await again(test, byRelease, vouched, { signingPolicy: 'open' })
    await completed(test, between)
    expect(await codeOf(again(test, byRelease, between, toVouched))).toBe('done')
    await application.disableTrustedBuildSystem(ada, {
      trustedBuildSystemId: system.trustedBuildSystemId,
      reason: null,
    })
    expect(await codeOf(again(test, byRelease, vouched, toVouched))).toBe('TRUSTED_BUILD_SYSTEM_DISABLED')
  })
})

describe('several approvals by one call', () => {
  it('are answered one by one, in their order, and refused together only when one is named twice or there are too many', async () => {
    const { test, builder, manager, anna } = await project()
    const original = await completed(test, await submitted(test, builder))
    const waiting = async () => {
      const { signingRequestId } = await again(test, manager, original)
      const { artifact } = await request(test, original)
      await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact: artifact as never })
      await test.tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: test.clock.now })
      return signingRequestId
    }
    const ids: readonly string[] = [await waiting(), await waiting(), randomUUID(), await waiting()]
    const approvals = ids.map((signingRequestId) => ({ signingRequestId, planDigest, comment: 'all builds' }))
    const [first, second, third, fourth] = approvals as [(typeof approvals)[0], ...typeof approvals]
    const asked = [
      first,
      { ...(second as typeof first), planDigest: 'ab'.repeat(32) },
      third as typeof first,
      fourth as typeof first,
    ]
    const answers = await test.application.approveSigningRequests(anna, { approvals: asked })
    expect(answers.map(({ signingRequestId, refusal }) => [signingRequestId, refusal?.code ?? 'approved'])).toEqual([
      [ids[0], 'approved'],
      [ids[1], 'PLAN_DIGEST_MISMATCH'],
      [ids[2], 'SIGNING_REQUEST_NOT_FOUND'],
      [ids[3], 'approved'],
    ])
    expect((await request(test, ids[3] as SigningRequestId)).approvals).toMatchObject([{ comment: 'all builds' }])
    expect((await request(test, ids[1] as SigningRequestId)).approvals).toEqual([])
    // Each refusal is recorded as that of a single approval.
    expect((await test.refusals()).map(({ code }) => code)).toContain('PLAN_DIGEST_MISMATCH')
    const batch = (approvals: readonly (typeof first)[]) =>
      codeOf(test.application.approveSigningRequests(anna, { approvals }))
    expect(await batch([])).toBe('BATCH_MALFORMED')
    expect(await batch([first, { ...first, signingRequestId: first.signingRequestId.toUpperCase() }])).toBe(
      'BATCH_MALFORMED',
    )
    const many = Array.from({ length: 101 }, () => ({ ...first, signingRequestId: randomUUID() }))
    expect(await batch(many)).toBe('BATCH_MALFORMED')
  })
})
