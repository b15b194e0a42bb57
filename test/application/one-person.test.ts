import { describe, expect, it } from 'vitest'
import { load } from '../../application/load.ts'
import { type Sha256Digest, type SigningRequestId, signingRequestDecider, streams } from '../../domain/index.ts'
import { anArtifact, aPlan } from '../support/submission.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

const planDigest = 'c'.repeat(64) as Sha256Digest

/** A CI user for whom somebody is responsible, with a token that somebody else made. */
async function ciUser(test: TestApplication, responsible: TestCaller, maker: TestCaller): Promise<TestCaller> {
  const { userId } = await test.application.createCiUser(test.setup, {
    name: 'Build',
    responsible: responsible.userId,
  })
  const { tokenId, token } = await test.application.issueApiToken(maker, { userId, name: 'ci', expiresAt: null })
  return { ...(await test.application.authenticate({ apiToken: token }, '192.0.2.1')), tokenId, token }
}

async function state({ dependencies: { log } }: TestApplication, id: SigningRequestId) {
  const { state } = await load(log, streams.signingRequest(id), signingRequestDecider)
  if (state.workflowStatus === 'none') throw new Error('There is no such request.')
  return state
}

async function plan(test: TestApplication, id: SigningRequestId): Promise<void> {
  const { source } = await state(test, id)
  const artifact = { ...anArtifact, fileName: String(source.fileName), sha256: source.sha256 as Sha256Digest }
  await test.tell(id, { type: 'RecordRetrieval', artifact: { ...artifact, size: Number(source.size) } })
  await test.tell(id, { type: 'RecordPlan', ...aPlan, planDigest, at: test.clock.now })
}

describe('what a CI user submits', () => {
  it('is not approved by who is responsible for it, nor by who made its token', async () => {
    const test = await testApplication()
    const [anna, uma, bert] = [
      await test.user('Anna'),
      await test.user('Uma', 'globalAdministrator'),
      await test.user('Bert'),
    ]
    const ci = await ciUser(test, anna, uma)
    await test.policy({ submitters: [ci], approval: { approvers: [anna, uma, bert], requiredApprovals: 1 } })
    const signingRequestId = await test.submit(ci)
    expect(await state(test, signingRequestId)).toMatchObject({
      submitter: ci.userId,
      peopleBehind: [anna.userId, uma.userId].sort(),
    })
    await plan(test, signingRequestId)
    const approve = (by: TestCaller) =>
      test.application.approveSigningRequest(by, { signingRequestId, planDigest, comment: null })
    for (const one of [anna, uma])
      await expect(approve(one)).rejects.toMatchObject({ code: 'SUBMITTER_MAY_NOT_APPROVE' })
    await approve(bert)
    expect((await state(test, signingRequestId)).workflowStatus).toBe('QueuedForProcessing')
  })

  it('needs approvers besides who is responsible for it', async () => {
    const test = await testApplication()
    const anna = await test.user('Anna')
    const ci = await ciUser(test, anna, await test.user('Uma', 'globalAdministrator'))
    const only = { submitters: [ci], approval: { approvers: [anna], requiredApprovals: 1 } }
    await expect(test.policy(only)).rejects.toMatchObject({
      code: 'APPROVAL_QUORUM_UNREACHABLE',
      details: { submitters: [ci.userId], approvers: 0, requiredApprovals: 1 },
    })
  })
})

describe('an approver', () => {
  it('does not count twice by the account of a CI user that they are responsible for', async () => {
    const test = await testApplication()
    const [sam, anna, bert] = [await test.user('Sam'), await test.user('Anna'), await test.user('Bert')]
    const ci = await ciUser(test, anna, await test.user('Uma', 'globalAdministrator'))
    await test.policy({ submitters: [sam], approval: { approvers: [anna, ci, bert], requiredApprovals: 2 } })
    const signingRequestId = await test.submit(sam)
    await plan(test, signingRequestId)
    const approve = (by: TestCaller) =>
      test.application.approveSigningRequest(by, { signingRequestId, planDigest, comment: null })
    await approve(ci)
    await expect(approve(anna)).rejects.toMatchObject({ code: 'ALREADY_APPROVED' })
    await approve(bert)
    expect((await state(test, signingRequestId)).workflowStatus).toBe('QueuedForProcessing')
  })
})
