import { describe, expect, test } from 'vitest'
import { type SigningRequestId, streams } from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import { grantsOf } from '../support/given-grants.ts'
import { connectTemporal, useTemporalServer } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { approve, reached, submit, typesOf } from '../support/workflow-requests.ts'

const temporal = useTemporalServer()

/** The same organization, whose workers work with another log. */
function withLog(organization: TestOrganization, log: EventLog): TestOrganization {
  return { ...organization, signer: { ...organization.signer, log } }
}

/** Counts how often the grants for a policy were looked up. */
function countingLooks(log: EventLog): { readonly log: EventLog; readonly looks: () => number } {
  let looks = 0
  return {
    looks: () => looks,
    log: {
      ...log,
      readStream(streamId, options) {
        if (streamId.startsWith('policyGrants-')) looks += 1
        return log.readStream(streamId, options)
      },
    },
  }
}

/** A log in which every first approval of a request is lost with its process, after its use was reserved. */
function losingFirstApprovals(log: EventLog): { readonly log: EventLog; readonly lost: ReadonlySet<string> } {
  const lost = new Set<string>()
  return {
    lost,
    log: {
      ...log,
      async append(streamId, events, revision) {
        if (events.some(({ type }) => type === 'ApprovalGranted') && !lost.has(streamId)) {
          lost.add(streamId)
          throw new Error('killed')
        }
        return log.append(streamId, events, revision)
      },
    },
  }
}

describe('the workflow of a request that waits for approval', () => {
  test('goes on by itself when grants approve it, and its history names them', async () => {
    const organization = await testOrganization({ timestamp: 'none' })
    const grants = grantsOf(organization)
    const [anna, bert] = organization.approvers
    const given = [await grants.give(anna), await grants.give(bert)]
    const workflows = await startWorkers(await connectTemporal(temporal()), organization)
    const id = await submit(workflows, organization)
    await workflows.client.workflow.getHandle(id).result()
    expect(await typesOf(organization, id)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'SigningPlanned',
      'ApprovalGranted',
      'ApprovalGranted',
      'SigningStarted',
      'FilesSigned',
      'SigningRequestCompleted',
    ])
    const { events } = await readWholeStream(organization.log, streams.signingRequest(id))
    const approvals = events.filter(({ type }) => type === 'ApprovalGranted')
    expect(approvals.map(({ data, metadata }) => [data.approver, data.grantId, metadata.actor])).toEqual([
      [anna, given[0], { kind: 'system', component: 'workflow' }],
      [bert, given[1], { kind: 'system', component: 'workflow' }],
    ])
  })

  test('is approved three times of fifty by a grant for three, also where workers are killed between reserving and approving', async () => {
    const organization = await testOrganization({ timestamp: 'none', approval: { requiredApprovals: 1 } })
    const grants = grantsOf(organization)
    const grantId = await grants.give(organization.approvers[0])
    const losing = losingFirstApprovals(organization.signer.log)
    const counting = countingLooks(losing.log)
    const workflows = await startWorkers(await connectTemporal(temporal()), withLog(organization, counting.log))
    // Ten at a time: a busy Temporal does not answer fifty callers at once.
    const ids: SigningRequestId[] = []
    while (ids.length < 50)
      ids.push(...(await Promise.all(Array.from({ length: 10 }, () => submit(workflows, organization)))))
    await until('everybody has looked for grants', async () => counting.looks() >= 50 || undefined, 60_000)
    // What each of the three was doing is lost once; whoever takes it up again finds its reservation.
    await until('three were reserved and lost', async () => losing.lost.size >= 3 || undefined, 60_000)
    for (const id of ids) await workflows.resume(id)
    const ended = async () => {
      const requests = await Promise.all(ids.map((id) => organization.request(id)))
      const statuses = requests.map(({ workflowStatus }) => workflowStatus)
      return statuses.filter((status) => status === 'Completed').length >= 3 ? statuses : undefined
    }
    await until('three are signed', ended, 60_000)
    await until('everybody has looked again', async () => counting.looks() >= 100 || undefined, 60_000)
    const statuses = (await ended()) ?? []
    expect(statuses.filter((status) => status === 'WaitingForApproval')).toHaveLength(47)
    expect((await grants.grant(grantId)).uses).toHaveLength(3)
    for (const id of ids) {
      const approvals = (await typesOf(organization, id)).filter((type) => type === 'ApprovalGranted')
      expect(approvals.length).toBeLessThanOrEqual(1)
    }
  }, 240_000)

  test('waits for another approver when the grant is revoked before signing has begun', async () => {
    const organization = await testOrganization({ timestamp: 'none' })
    const grants = grantsOf(organization)
    const [anna, bert, cora] = organization.approvers
    const grantId = await grants.give(anna)
    const workflows = await startWorkers(await connectTemporal(temporal()), organization)
    const id = await submit(workflows, organization)
    await until('the grant approves', async () => (await organization.request(id)).approvals[0])
    await grants.revoke(anna, grantId)
    await approve(workflows, await organization.request(id), bert)
    await until('its approval is taken back', async () =>
      (await typesOf(organization, id)).find((type) => type === 'ApprovalInvalidated'),
    )
    await approve(workflows, await reached(organization, id, 'WaitingForApproval'), cora)
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({
      workflowStatus: 'Completed',
      approvals: [{ approver: bert }, { approver: cora }],
    })
  })

  test('waits for people when its grants cannot be looked at, and is signed when they approve', async () => {
    const organization = await testOrganization({ timestamp: 'none', approval: { requiredApprovals: 1 } })
    const { log } = organization.signer
    const [anna] = organization.approvers
    const broken: EventLog = {
      ...log,
      readStream(streamId, options) {
        if (streamId.startsWith('policyGrants-')) throw new Error('The disk is gone.')
        return log.readStream(streamId, options)
      },
    }
    const workflows = await startWorkers(await connectTemporal(temporal()), withLog(organization, broken))
    const id = await submit(workflows, organization)
    await approve(workflows, await reached(organization, id, 'WaitingForApproval'), anna)
    await workflows.client.workflow.getHandle(id).result()
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed' })
  })

  test('is approved when it is taken up after everything was lost between reserving and approving', async () => {
    const organization = await testOrganization({ timestamp: 'none', approval: { requiredApprovals: 1 } })
    const grants = grantsOf(organization)
    const grantId = await grants.give(organization.approvers[0], { maximumRequests: 1 })
    const losing = losingFirstApprovals(organization.signer.log)
    const workflows = await startWorkers(await connectTemporal(temporal()), withLog(organization, losing.log))
    const id = await submit(workflows, organization)
    await until('a use is reserved', async () => (losing.lost.size > 0 ? true : undefined))
    await workflows.client.workflow.getHandle(id).terminate()
    await workflows.resume(id)
    await until('it is signed', async () =>
      (await organization.request(id)).workflowStatus === 'Completed' ? true : undefined,
    )
    expect(await grants.grant(grantId)).toMatchObject({ uses: [id] })
  })
})
