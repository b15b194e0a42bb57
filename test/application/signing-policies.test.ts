import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { load } from '../../application/load.ts'
import {
  type Sha256Digest,
  type SigningPolicyId,
  type SigningPolicySettings,
  type SigningRequestId,
  signingPolicyDecider,
  signingRequestDecider,
  streams,
  unrestricted,
} from '../../domain/index.ts'
import { aPlan, references } from '../support/submission.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

const policy = async ({ dependencies: { log } }: TestApplication, id: SigningPolicyId) => {
  const { state, revision } = await load(log, streams.signingPolicy(id), signingPolicyDecider)
  if (state.status === 'none') throw new Error('There is no such policy.')
  return { ...state, revision }
}

/** A policy with two approvers, and three Global Administrators. */
async function withPolicy() {
  const test = await testApplication()
  const [ada, bob, cleo] = [
    await test.user('Ada', 'globalAdministrator'),
    await test.user('Bob', 'globalAdministrator'),
    await test.user('Cleo', 'globalAdministrator'),
  ]
  const sam = await test.user('Sam')
  const approvers = [await test.user('Anna'), await test.user('Bert')] as const
  const made = await test.policy({ submitters: [sam], approval: { approvers, requiredApprovals: 1 } })
  const { signingPolicyId } = made
  const [settings] = (await policy(test, signingPolicyId)).versions
  const update = (changes: Partial<SigningPolicySettings>, basedOnRevision: number, as = ada) =>
    test.application.updateSigningPolicy(as, {
      signingPolicyId,
      basedOnRevision,
      settings: { ...settings, ...changes },
    })
  return { test, ada, bob, cleo, sam, approvers, ...made, settings, update }
}

const control = (requiredApprovals: number) => ({ requiredApprovals, lifetimeSeconds: 86_400 })

describe('a signing policy', () => {
  it('gets a version with each change, made from the revision that was seen, and not from an older one', async () => {
    const { test, signingPolicyId, settings, update } = await withPolicy()
    await update({ name: 'Two' }, 0)
    await expect(update({ name: 'Other' }, 0)).rejects.toMatchObject({
      code: 'CHANGE_STALE',
      details: { basedOnRevision: 0, currentRevision: 1 },
    })
    expect((await policy(test, signingPolicyId)).versions).toEqual([settings, { ...settings, name: 'Two' }])
  })

  it('of another organization is as one that there is not', async () => {
    const { test, ada, signingPolicyId, settings } = await withPolicy()
    const stranger = { ...ada, organizationId: randomUUID() as typeof ada.organizationId }
    for (const [caller, id] of [
      [stranger, signingPolicyId],
      [ada, randomUUID() as SigningPolicyId],
    ] as const)
      for (const ask of [
        () => test.application.updateSigningPolicy(caller, { signingPolicyId: id, basedOnRevision: 0, settings }),
        () => test.application.deactivateSigningPolicy(caller, { signingPolicyId: id, reason: null }),
        () => test.application.reactivateSigningPolicy(caller, { signingPolicyId: id }),
      ])
        await expect(ask()).rejects.toMatchObject({
          code: 'SIGNING_POLICY_NOT_FOUND',
          message: 'There is no such signing policy.',
        })
  })

  it('cannot come back into use with less than its certificate wants by then', async () => {
    const { test, ada, signingPolicyId, certificateId, update } = await withPolicy()
    await test.application.deactivateSigningPolicy(ada, { signingPolicyId, reason: 'a while' })
    // Nothing holds this against a policy that is out of use.
    const restrictions = { ...unrestricted, minimumApprovals: 2 }
    await test.application.restrictCertificate(ada, { certificateId, restrictions })
    await expect(test.application.reactivateSigningPolicy(ada, { signingPolicyId })).rejects.toMatchObject({
      code: 'CERTIFICATE_RESTRICTIONS_UNMET',
    })
    const [settings] = (await policy(test, signingPolicyId)).versions
    if (settings.approval === null) throw new Error('Nobody is asked.')
    await update({ approval: { ...settings.approval, requiredApprovals: 2 } }, 1)
    await test.application.reactivateSigningPolicy(ada, { signingPolicyId, basedOnRevision: 2 })
    // In use, it holds the certificate back in turn.
    await expect(
      test.application.restrictCertificate(ada, {
        certificateId,
        restrictions: { ...unrestricted, minimumApprovals: 3 },
      }),
    ).rejects.toMatchObject({ code: 'CERTIFICATE_RESTRICTIONS_UNMET' })
    await expect(update({ approval: null }, 3)).rejects.toMatchObject({ code: 'CERTIFICATE_RESTRICTIONS_UNMET' })
  })

  it('decides with its version at submission who approves a request, and how many', async () => {
    const { test, sam, approvers, settings, update } = await withPolicy()
    const [anna, bert] = approvers
    const signingRequestId = await test.submit(sam)
    const [stranger, other] = [await test.user('Dora'), await test.user('Egon')]
    const approval = {
      approvers: references(stranger.userId, other.userId),
      requiredApprovals: 2,
      submitterMayApprove: false,
      deadlineSeconds: null,
    }
    await update({ ...settings, approval }, 0)
    const planDigest = 'c'.repeat(64) as Sha256Digest
    await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact: await artifactOf(test, signingRequestId) })
    await test.tell(signingRequestId, { type: 'RecordPlan', ...aPlan, planDigest, at: test.clock.now })
    await expect(
      test.application.approveSigningRequest(stranger, { signingRequestId, planDigest, comment: null }),
    ).rejects.toMatchObject({ code: 'NOT_AN_APPROVER' })
    await test.application.approveSigningRequest(anna, { signingRequestId, planDigest, comment: null })
    // One was enough then.
    await expect(
      test.application.approveSigningRequest(bert, { signingRequestId, planDigest, comment: null }),
    ).rejects.toMatchObject({ code: 'NOT_WAITING_FOR_APPROVAL' })
  })
})

async function artifactOf({ dependencies: { log } }: TestApplication, id: SigningRequestId) {
  const { state } = await load(log, streams.signingRequest(id), signingRequestDecider)
  if (state.workflowStatus === 'none') throw new Error('There is no such request.')
  const { fileName, sha256, size } = state.source
  if (fileName === null || sha256 === null || size === null) throw new Error('The source says too little.')
  return { fileName, sha256, size }
}

describe('a signing policy that controls its own changes', () => {
  it('is changed only as others approve, whatever the organization demands, also to control nothing any more', async () => {
    const { test, ada, bob, signingPolicyId, update } = await withPolicy()
    // Nothing controls this one yet.
    expect((await update({ changeControl: control(1) }, 0)).changeProposalId).toBeUndefined()
    const { changeProposalId } = await update({}, 1)
    expect(changeProposalId).toBeDefined()
    expect((await policy(test, signingPolicyId)).versions).toHaveLength(2)
    await test.application.approveChange(bob, { changeProposalId: String(changeProposalId), comment: null })
    expect((await policy(test, signingPolicyId)).versions).toHaveLength(3)
    expect((await update({ name: 'Free again' }, 2)).changeProposalId).toBeUndefined()
    // Putting it out of use never needs anybody.
    await update({ changeControl: control(1) }, 3)
    expect(
      (await test.application.deactivateSigningPolicy(ada, { signingPolicyId, reason: null })).changeProposalId,
    ).toBeUndefined()
    expect((await test.application.reactivateSigningPolicy(ada, { signingPolicyId })).changeProposalId).toBeDefined()
  })

  it('takes as many approvals as it or the organization demands, whichever are more', async () => {
    const { test, ada, bob, cleo, signingPolicyId, update } = await withPolicy()
    await update({ changeControl: control(2) }, 0)
    await test.application.changeChangeControl(ada, { changeControl: control(1) })
    const { changeProposalId } = await update({ name: 'New', changeControl: control(2) }, 1)
    const approve = (by: typeof bob) =>
      test.application.approveChange(by, { changeProposalId: String(changeProposalId), comment: null })
    await approve(bob)
    expect((await policy(test, signingPolicyId)).versions).toHaveLength(2)
    await approve(cleo)
    expect((await policy(test, signingPolicyId)).versions.at(-1)).toMatchObject({ name: 'New' })
  })

  it('demands no more approvals than there are administrators to give them', async () => {
    const { update } = await withPolicy()
    await expect(update({ changeControl: control(3) }, 0)).rejects.toMatchObject({
      code: 'CHANGE_CONTROL_UNREACHABLE',
      details: { requiredApprovals: 3, administrators: 3 },
    })
  })
})
