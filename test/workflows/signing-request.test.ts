import { randomUUID } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { changeGroupMembers } from '../../application/groups.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { type SigningRequestId, streams, userDecider } from '../../domain/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import type { Workflows } from '../../workflows/port.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { otherDigest, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import {
  approve,
  approvedUnnoticed,
  initiator,
  reached,
  submission,
  submit,
  typesOf,
} from '../support/workflow-requests.ts'

const environment = useTimeSkipping()

describe('the workflow of a signing request', () => {
  test('goes from submission to completion by itself when no approval is asked for', async () => {
    const organization = await testOrganization({ approval: null })
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    await workflows.client.workflow.getHandle(id).result()
    expect(await typesOf(organization, id)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'SigningPlanned',
      'SigningStarted',
      'FilesSigned',
      'SigningRequestCompleted',
    ])
  })

  test('answers a call that an earlier run has done as it would have been answered then, and does it once', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const made = await submission(organization)
    const { signingRequestId: id, submitter } = made
    /** What a run was doing when everything that it had not reported was lost; then the same call arrives again. */
    async function twice(call: () => ReturnType<Workflows['submit']>) {
      const first = await call()
      await workflows.client.workflow.getHandle(id).terminate()
      expect(await call()).toEqual(first)
    }
    const command = { type: 'SubmitSigningRequest', submission: made } as const
    const caller = initiator(submitter)
    await twice(() => workflows.submit(id, { command, initiator: caller }))
    await expect(workflows.submit(id, { command, initiator: initiator(submitter) })).rejects.toMatchObject({
      code: 'SIGNING_REQUEST_EXISTS',
    })

    const waiting = await reached(organization, id, 'WaitingForApproval')
    const [anna] = organization.approvers
    const planDigest = waiting.plan?.digest ?? otherDigest
    const approval = { type: 'Approve', groups: [], approver: anna, planDigest, comment: null } as const
    const approving = initiator(anna)
    await twice(() => workflows.change(id, { command: approval, initiator: approving }))
    await expect(approve(workflows, waiting, anna)).rejects.toMatchObject({ code: 'ALREADY_APPROVED' })
    expect(await typesOf(organization, id)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'SigningPlanned',
      'ApprovalGranted',
    ])
  })

  test('waits for the quorum, and refuses with the codes of the domain what must not count', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    const [anna, bert, cora] = organization.approvers
    await expect(approve(workflows, waiting, organization.submitter)).rejects.toMatchObject({
      code: 'SUBMITTER_MAY_NOT_APPROVE',
    })
    await expect(approve(workflows, { ...waiting, plan: null }, anna)).rejects.toMatchObject({
      code: 'PLAN_DIGEST_MISMATCH',
    })
    await approve(workflows, waiting, anna)
    await expect(approve(workflows, waiting, anna)).rejects.toMatchObject({ code: 'ALREADY_APPROVED' })
    await approve(workflows, waiting, bert)
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed' })
    await expect(approve(workflows, waiting, cora)).rejects.toMatchObject({ code: 'SIGNING_REQUEST_FINAL' })
    expect((await typesOf(organization, id)).filter((type) => type === 'ApprovalGranted')).toHaveLength(2)
  })

  test('one denial ends it', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    const [anna, bert] = organization.approvers
    const command = { type: 'Deny', groups: [], approver: anna, comment: 'not this one' } as const
    await workflows.change(id, { command, initiator: initiator(anna) })
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Denied', attempts: 0 })
    await expect(approve(workflows, waiting, bert)).rejects.toMatchObject({ code: 'SIGNING_REQUEST_FINAL' })
  })

  test('is denied when its deadline of 90 days passes without a quorum', async () => {
    const organization = await testOrganization({ approval: { deadlineSeconds: 90 * 86_400 } })
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    await reached(organization, id, 'WaitingForApproval')
    await environment().sleep('91 days')
    await workflows.client.workflow.getHandle(id).result()
    const ended = await organization.request(id)
    expect(ended).toMatchObject({ workflowStatus: 'Denied', denial: { kind: 'expired' } })
  })

  test('can be called off while it waits', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    await reached(organization, id, 'WaitingForApproval')
    const command = { type: 'Cancel', canceledBy: organization.submitter, reason: 'wrong build' } as const
    await workflows.change(id, { command, initiator: initiator(organization.submitter) })
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Canceled' })
  })

  test('can be called off while the signer is at it: nothing completes afterwards', async () => {
    const organization = await testOrganization({ approval: null })
    let release: (() => void) | undefined
    const findKey = organization.token.findKey.bind(organization.token)
    vi.spyOn(organization.token, 'findKey').mockImplementation(async (id) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return findKey(id)
    })
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    await reached(organization, id, 'Processing')
    await until('the key is about to be used', () => release)
    const command = { type: 'Cancel', canceledBy: organization.submitter, reason: null } as const
    await workflows.change(id, { command, initiator: initiator(organization.submitter) })
    release?.()
    await workflows.client.workflow.getHandle(id).result()
    expect(await typesOf(organization, id)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'SigningPlanned',
      'SigningStarted',
      'SigningRequestCanceled',
    ])
  })

  test('goes on from the history of its request when it is started anew', async () => {
    const organization = await testOrganization()
    const waiting = await organization.planned()
    const { signingRequestId: id } = waiting
    const [anna, bert] = organization.approvers
    const planDigest = waiting.plan?.digest ?? otherDigest
    await organization.tell(id, { type: 'Approve', groups: [], approver: anna, planDigest, comment: null }, anna)
    const workflows = await startWorkers(environment(), organization)
    expect(await workflows.resume(id)).toBe('started')
    expect(await workflows.resume(id)).toBe('refreshed')
    await approve(workflows, waiting, bert)
    await workflows.client.workflow.getHandle(id).result()
    expect((await organization.request(id)).workflowStatus).toBe('Completed')
    expect((await typesOf(organization, id)).filter((type) => type === 'SigningPlanned')).toHaveLength(1)
  })

  test('a command to a request whose workflow was lost starts it again', async () => {
    const organization = await testOrganization()
    const waiting = await organization.planned()
    const workflows = await startWorkers(environment(), organization)
    const [anna, bert] = organization.approvers
    await approve(workflows, waiting, anna)
    await approve(workflows, waiting, bert)
    await workflows.client.workflow.getHandle(waiting.signingRequestId).result()
    expect(await organization.request(waiting.signingRequestId)).toMatchObject({ workflowStatus: 'Completed' })
  })

  test('goes on after `resume` when the log has approvals that it has not heard of', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const id = await approvedUnnoticed(workflows, organization)
    expect(await workflows.resume(id)).toBe('refreshed')
    await reached(organization, id, 'Completed')
    expect((await typesOf(organization, id)).filter((type) => type === 'SigningRequestCompleted')).toHaveLength(1)
  })

  test('takes back the approval of a user who was deactivated, and waits for another', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    const [anna, bert, cora] = organization.approvers
    await approve(workflows, waiting, anna)
    const { signer, setup } = organization
    await handleCommand(signer, setup, streams.user(anna), userDecider, { type: 'DeactivateUser', reason: null })
    await approve(workflows, waiting, bert)
    await until('the approval is taken back', async () =>
      (await typesOf(organization, id)).includes('ApprovalInvalidated'),
    )
    await approve(workflows, waiting, cora)
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', attempts: 1 })
  })

  test('takes back the approval of a member who left the group, and waits for another', async () => {
    const organization = await testOrganization({ throughGroups: true })
    const { groups, approvers, signer, setup } = organization
    if (groups === undefined) throw new Error('There are no groups')
    const { approvers: groupId } = groups
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    const [, bert, cora] = approvers
    await approve(workflows, waiting, bert, [groupId])
    await changeGroupMembers(signer, setup, { groupId, add: [], remove: [bert] })
    await approve(workflows, waiting, cora, [groupId])
    await until('the approval is taken back', async () =>
      (await typesOf(organization, id)).includes('ApprovalInvalidated'),
    )
    // Whoever is a member again may approve again.
    await changeGroupMembers(signer, setup, { groupId, add: [bert], remove: [] })
    await approve(workflows, waiting, bert, [groupId])
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', attempts: 1 })
  })

  test('fails for good, saying why, when the artifact cannot be signed', async () => {
    const organization = await testOrganization({ approval: null })
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization, Buffer.from('#!/bin/sh\n'))
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({
      workflowStatus: 'ProcessingFailed',
      failure: { code: 'FORMAT_NOT_SUPPORTED', path: ['program.exe'] },
    })
  })

  test('is tried again after a passing failure, and completes once', async () => {
    const organization = await testOrganization({ approval: null })
    const away = new SigningError('TIMESTAMP_UNAVAILABLE', 'Nobody answers.', { transient: true })
    vi.spyOn(organization.signer.timestamps ?? { timestamp: () => undefined }, 'timestamp').mockRejectedValueOnce(away)
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', attempts: 2 })
    expect((await typesOf(organization, id)).filter((type) => type === 'SigningRequestCompleted')).toHaveLength(1)
  })

  test('two people who approve at the same moment both count; a third is told that it is over', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    const waiting = await reached(organization, id, 'WaitingForApproval')
    const outcomes = await Promise.allSettled(
      organization.approvers.map((approver) => approve(workflows, waiting, approver)),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    await workflows.client.workflow.getHandle(id).result()
    expect((await organization.request(id)).approvals).toHaveLength(2)
  })

  test('a sealed command that was made for another request is refused', async () => {
    const organization = await testOrganization()
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    await reached(organization, id, 'WaitingForApproval')
    const [anna] = organization.approvers
    const command = { type: 'Deny', groups: [], approver: anna, comment: null } as const
    const copied = { command, initiator: initiator(anna), signingRequestId: randomUUID() as SigningRequestId }
    await expect(
      workflows.client.workflow.getHandle(id).executeUpdate('deny', { args: [copied] }),
    ).rejects.toMatchObject({
      cause: { type: 'SIGNING_REQUEST_MISMATCH' },
    })
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'WaitingForApproval' })
    await workflows.client.workflow.getHandle(id).terminate()
  })

  test("nothing readable stands in Temporal's history", async () => {
    const organization = await testOrganization({ approval: null })
    const workflows = await startWorkers(environment(), organization)
    const id = await submit(workflows, organization)
    const handle = workflows.client.workflow.getHandle(id)
    await handle.result()
    const history = JSON.stringify(await handle.fetchHistory(), (_key, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    )
    for (const readable of ['program.exe', organization.submitter, organization.projectId, 'SigningRequestSubmitted'])
      expect(history).not.toContain(readable)
  })
})
