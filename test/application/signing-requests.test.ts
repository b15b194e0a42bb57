import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import type { Caller, SubmitSigningRequestInput } from '../../application/index.ts'
import {
  type ExistingSignatureTreatment,
  globalRoles,
  type OrganizationId,
  type Sha256Digest,
  type SigningRequestEvent,
  type SigningRequestId,
  streams,
  type UserCommand,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { aPlan } from '../support/submission.ts'
import { type TestApplication, testApplication, uploaded } from '../support/test-application.ts'

const planDigest = 'cd'.repeat(32) as Sha256Digest

/** A project whose policy wants one of two approvers. */
async function project() {
  const test = await testApplication()
  const submitter = await test.user('Submitter')
  const anna = await test.user('Anna')
  const bert = await test.user('Bert')
  const stranger = await test.user('Stranger')
  const made = await test.policy({
    submitters: [submitter],
    approval: { approvers: [anna, bert], requiredApprovals: 1 },
  })
  return { test, submitter, anna, bert, stranger, ...made }
}

async function waiting(test: TestApplication, submitter: Caller): Promise<SigningRequestId> {
  const signingRequestId = await test.submit(submitter)
  const opened = await test.application.openArtifact(submitter, { signingRequestId, which: 'unsigned' })
  await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact: opened })
  await test.tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: test.clock.now })
  return signingRequestId
}

/** What an administrator of users does. */
function tellUser({ dependencies, setup }: TestApplication, userId: UserId, command: UserCommand) {
  return handleCommand(dependencies, setup, streams.user(userId), userDecider, command)
}

async function types(test: TestApplication, id: SigningRequestId): Promise<readonly string[]> {
  const { events } = await readWholeStream(test.dependencies.log, streams.signingRequest(id))
  return events.map(({ type }) => type)
}

describe('a submission', () => {
  it('copies what the policy demands at that moment, and answers where the log was', async () => {
    const { test, submitter, anna, bert, projectId, signingPolicyId } = await project()
    const signingRequestId = await test.submit(submitter)
    const { events } = await readWholeStream(test.dependencies.log, streams.signingRequest(signingRequestId))
    expect(events).toHaveLength(1)
    expect(events[0]?.data).toMatchObject({
      signingRequestId,
      organizationId: submitter.organizationId,
      projectId,
      signingPolicyId,
      signingPolicyVersion: 1,
      submitter: submitter.userId,
      approval: { approvers: [{ user: anna.userId }, { user: bert.userId }], requiredApprovals: 1 },
      source: { kind: 'uploadedFile', fileName: 'setup.exe', size: 9 },
    })
    expect(events[0]?.position).toBe(await test.dependencies.log.head())
  })

  it('belongs to submitters alone, whatever the role of others, and is recorded when refused', async () => {
    const { test, anna, stranger } = await project()
    const callers = [anna, stranger]
    for (const role of globalRoles) callers.push(await test.user(role, role))
    for (const caller of callers) await expect(test.submit(caller)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect((await test.refusals()).map(({ commands, code }) => `${commands} ${code}`)).toEqual(
      callers.map(() => 'uploadArtifact FORBIDDEN'),
    )
  })

  it("takes the submitter's own upload only, of a project and policy that there are", async () => {
    const { test, submitter, anna, projectId, signingPolicyId } = await project()
    await test.policy({ submitters: [anna], slug: 'elsewhere' })
    const bytes = async function* () {
      yield new TextEncoder().encode('a program')
    }
    const { uploadId } = await test.application.uploadArtifact(submitter, { fileName: 'a.exe', bytes: bytes() })
    const foreign = await test.application.uploadArtifact(anna, { fileName: 'a.exe', bytes: bytes() })
    const right = { project: 'tool', signingPolicy: 'release', source: uploaded(uploadId), description: null }
    const wrong: readonly (readonly [string, Partial<SubmitSigningRequestInput>])[] = [
      ['UPLOAD_NOT_FOUND', { source: uploaded(foreign.uploadId) }],
      ['UPLOAD_NOT_FOUND', { source: uploaded(randomUUID()) }],
      ['UPLOAD_NOT_FOUND', { source: uploaded('../x') }],
      ['PROJECT_NOT_FOUND', { project: 'other' }],
      ['PROJECT_NOT_FOUND', { project: 'constructor' }],
      ['PROJECT_NOT_FOUND', { project: signingPolicyId }],
      ['SIGNING_POLICY_NOT_FOUND', { signingPolicy: 'other' }],
      ['SIGNING_POLICY_NOT_FOUND', { signingPolicy: '__proto__' }],
      ['SIGNING_POLICY_NOT_FOUND', { signingPolicy: projectId }],
      ['TEXT_TOO_LONG', { description: 'x'.repeat(4001) }],
    ]
    const head = await test.dependencies.log.head()
    for (const [code, changes] of wrong)
      await expect(test.application.submitSigningRequest(submitter, { ...right, ...changes })).rejects.toMatchObject({
        code,
      })
    for await (const batch of test.dependencies.log.readAll(head === undefined ? {} : { after: head }))
      expect(batch.filter(({ streamId }) => !streamId.startsWith('security-'))).toEqual([])
    for (const [named, policy] of [
      ['TOOL', 'Release'],
      [projectId.toUpperCase(), signingPolicyId],
    ] as const)
      await test.application.submitSigningRequest(submitter, { ...right, project: named, signingPolicy: policy })
  })

  it('asks for what the policy allows of files that are signed already, and gets its first when it does not ask', async () => {
    const test = await testApplication()
    const submitter = await test.user('Submitter')
    await test.policy({ submitters: [submitter], existingSignatures: ['append', 'refuse'] })
    const bytes = async function* () {
      yield new TextEncoder().encode('a program')
    }
    const { uploadId } = await test.application.uploadArtifact(submitter, { fileName: 'a.exe', bytes: bytes() })
    const input = { project: 'tool', signingPolicy: 'release', source: uploaded(uploadId), description: null }
    const submitted = async (existingSignatures?: ExistingSignatureTreatment | null) => {
      const asked = existingSignatures === undefined ? input : { ...input, existingSignatures }
      const { signingRequestId } = await test.application.submitSigningRequest(submitter, asked)
      const { events } = await readWholeStream(test.dependencies.log, streams.signingRequest(signingRequestId))
      return events[0]?.data.existingSignatures
    }
    expect(await submitted()).toBe('append')
    expect(await submitted(null)).toBe('append')
    expect(await submitted('refuse')).toBe('refuse')
    await expect(submitted('replace')).rejects.toMatchObject({
      code: 'EXISTING_SIGNATURES_NOT_ALLOWED',
      details: { allowed: ['append', 'refuse'] },
    })
  })

  it('finds no project of another organization', async () => {
    const { test, submitter, projectId } = await project()
    const foreign = { ...submitter, organizationId: randomUUID() as OrganizationId }
    async function* bytes() {
      yield new TextEncoder().encode('a program')
    }
    const { uploadId } = await test.application.uploadArtifact(submitter, { fileName: 'a.exe', bytes: bytes() })
    const input = { signingPolicy: 'release', source: uploaded(uploadId), description: null }
    for (const project of ['tool', projectId])
      await expect(test.application.submitSigningRequest(foreign, { ...input, project })).rejects.toMatchObject({
        code: 'PROJECT_NOT_FOUND',
      })
    const upload = test.application.uploadArtifact(foreign, { fileName: 'a.exe', bytes: bytes() })
    await expect(upload).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('a request', () => {
  it('is canceled by its submitter and by project administrators, and nobody else', async () => {
    const { test, submitter, anna, stranger } = await project()
    const callers: readonly (readonly [Caller, boolean])[] = [
      [submitter, true],
      [anna, false],
      [stranger, false],
    ]
    const byRole = await Promise.all(
      globalRoles.map(
        async (role) =>
          [await test.user(role, role), ['globalAdministrator', 'projectAdministrator'].includes(role)] as const,
      ),
    )
    for (const [caller, may] of [...callers, ...byRole]) {
      const signingRequestId = await test.submit(submitter)
      const answer = test.application.cancelSigningRequest(caller, { signingRequestId, reason: 'wrong file' })
      if (may) await answer
      else await expect(answer).rejects.toMatchObject({ code: 'FORBIDDEN' })
      expect(await types(test, signingRequestId)).toEqual(
        may ? ['SigningRequestSubmitted', 'SigningRequestCanceled'] : ['SigningRequestSubmitted'],
      )
    }
  })

  it('is approved and denied by approvers of its policy version, whatever the role of others', async () => {
    const { test, submitter, anna, bert, stranger } = await project()
    const signingRequestId = await waiting(test, submitter)
    const { application } = test
    const approve = (caller: Caller, digest: string = planDigest) =>
      application.approveSigningRequest(caller, { signingRequestId, planDigest: digest, comment: null })
    const administrator = await test.user('Ada', ...globalRoles)
    for (const caller of [stranger, administrator]) {
      await expect(approve(caller)).rejects.toMatchObject({ code: 'NOT_AN_APPROVER' })
      await expect(application.denySigningRequest(caller, { signingRequestId, comment: null })).rejects.toMatchObject({
        code: 'NOT_AN_APPROVER',
      })
    }
    await expect(approve(submitter)).rejects.toMatchObject({ code: 'SUBMITTER_MAY_NOT_APPROVE' })
    await expect(approve(anna, 'ab'.repeat(32))).rejects.toMatchObject({ code: 'PLAN_DIGEST_MISMATCH' })
    await expect(approve(anna, 'ab')).rejects.toMatchObject({ code: 'DIGEST_MALFORMED' })
    await approve(anna, planDigest.toUpperCase())
    await expect(application.denySigningRequest(bert, { signingRequestId, comment: null })).rejects.toMatchObject({
      code: 'NOT_WAITING_FOR_APPROVAL',
    })
    const { events } = await readWholeStream(test.dependencies.log, streams.signingRequest(signingRequestId))
    const granted = events.filter(({ type }) => type === ('ApprovalGranted' satisfies SigningRequestEvent['type']))
    expect(granted.map(({ data, metadata }) => [data.approver, metadata.actor])).toEqual([
      [
        anna.userId,
        { kind: 'user', userId: anna.userId, authentication: { method: 'apiToken', tokenId: anna.tokenId } },
      ],
    ])
    const codes = (await test.refusals()).map(({ code }) => code)
    expect(new Set(codes)).toEqual(
      new Set([
        'NOT_AN_APPROVER',
        'SUBMITTER_MAY_NOT_APPROVE',
        'PLAN_DIGEST_MISMATCH',
        'DIGEST_MALFORMED',
        'NOT_WAITING_FOR_APPROVAL',
      ]),
    )
  })

  it('is approved, denied and canceled by nobody who was deactivated or erased while their call was under way', async () => {
    const { test, submitter, anna, bert } = await project()
    const signingRequestId = await waiting(test, submitter)
    const before = await types(test, signingRequestId)
    const { application, setup } = test
    // Each of them is a caller who was active when the call was authenticated.
    for (const { userId } of [anna, submitter]) await tellUser(test, userId, { type: 'DeactivateUser', reason: null })
    await application.eraseUser(setup, { userId: bert.userId })
    for (const call of [
      () => application.approveSigningRequest(anna, { signingRequestId, planDigest, comment: null }),
      () => application.denySigningRequest(anna, { signingRequestId, comment: null }),
      () => application.approveSigningRequest(bert, { signingRequestId, planDigest, comment: null }),
      () => application.denySigningRequest(bert, { signingRequestId, comment: null }),
      () => application.cancelSigningRequest(submitter, { signingRequestId, reason: null }),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'USER_DEACTIVATED' })
    expect(await types(test, signingRequestId)).toEqual(before)
    expect((await test.refusals()).map(({ code }) => code)).toContain('USER_DEACTIVATED')
  })

  it('is canceled by the roles that the caller has at that moment', async () => {
    const { test, submitter } = await project()
    const role = 'projectAdministrator'
    const administrator = await test.user('Ada', role)
    const signingRequestId = await test.submit(submitter)
    await tellUser(test, administrator.userId, { type: 'WithdrawGlobalRole', role })
    const answer = test.application.cancelSigningRequest(administrator, { signingRequestId, reason: null })
    await expect(answer).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('of another organization is not there, for any command', async () => {
    const { test, submitter, anna } = await project()
    const signingRequestId = await waiting(test, submitter)
    const foreign = { ...anna, roles: globalRoles, organizationId: randomUUID() as OrganizationId }
    const { application } = test
    for (const call of [
      () => application.approveSigningRequest(foreign, { signingRequestId, planDigest, comment: null }),
      () => application.denySigningRequest(foreign, { signingRequestId, comment: null }),
      () => application.cancelSigningRequest(foreign, { signingRequestId, reason: null }),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'SIGNING_REQUEST_NOT_FOUND' })
  })
})
