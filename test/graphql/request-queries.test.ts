import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { remedyOf, type SigningRequestId } from '../../domain/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import {
  programDirective,
  programTimestamp,
  readableSignature,
  unreadableSignature,
} from '../support/planned-program.ts'
import { everythingOfARequest } from '../support/request-query.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('queries of a signing request', () => {
  it('show which trusted build system vouched for its submission, and that none did', async () => {
    const server = await startGraphQLServer()
    const { application, administrator } = server
    const ada = await application.authenticate({ apiToken: administrator.token }, undefined)
    const facts = { slug: 'jenkins', name: 'Jenkins', description: null, kind: 'jenkins' } as const
    const { trustedBuildSystemId } = await application.createTrustedBuildSystem(ada, facts)
    await application.linkTrustedBuildSystem(ada, { trustedBuildSystemId, projectId: server.projectId })
    const [vouched, alone] = [
      await server.submit('test-signing', 'a build', trustedBuildSystemId),
      await server.submit(),
    ]
    await server.caughtUp()
    const fields = 'signingRequestId vouchedBy { trustedBuildSystemId trustedBuildSystem { slug } node { subject } }'
    const query = `query ($id: ID!) { signingRequest(id: $id) { ${fields} } signingRequests(first: 5) { nodes { ${fields} } } }`
    const { data, errors } = await server.ask(server.submitter, query, { id: vouched })
    expect(errors).toBeUndefined()
    const byJenkins = { trustedBuildSystemId, trustedBuildSystem: { slug: 'jenkins' }, node: null }
    expect(data.signingRequest).toEqual({ signingRequestId: vouched, vouchedBy: byJenkins })
    expect(data.signingRequests.nodes).toEqual([
      { signingRequestId: alone, vouchedBy: null },
      { signingRequestId: vouched, vouchedBy: byJenkins },
    ])
  })

  it('show its whole way', async () => {
    const server = await startGraphQLServer()
    const [anna, bert] = server.approvers
    const id = await server.submit()
    const planDigest = await server.plan(id)
    for (const approver of [anna, bert])
      await server.tell(id, { type: 'Approve', groups: [], approver: approver.userId, planDigest, comment: null })
    await server.complete(id, planDigest)
    await server.caughtUp()

    const { data, errors } = await server.ask(
      server.submitter,
      `query ($id: ID!) { signingRequest(id: $id) { ${everythingOfARequest} } }`,
      { id },
    )
    expect(errors).toBeUndefined()
    const request = data.signingRequest
    expect(request).toMatchObject({
      signingRequestId: id,
      status: 'Completed',
      workflowStatus: 'Completed',
      isFinalStatus: true,
      description: 'a build',
      project: { slug: 'demo' },
      signingPolicy: { slug: 'release-signing' },
      signingPolicyVersion: 1,
      certificate: { name: 'Test certificate' },
      submitter: { name: 'Sam Submitter' },
      artifact: { fileName: 'setup.exe', size: 9 },
      plan: {
        digest: planDigest,
        plannerVersion: 1,
        fileCount: 1,
        nodeCount: 1,
        noPage: null,
        nodes: { nodes: [{ index: 0, parent: null, descendantCount: 0, element: null, container: null }] },
        files: {
          nodes: [
            {
              path: ['setup.exe'],
              kind: 'file',
              outcome: 'signed',
              children: { nodes: [] },
              directives: [
                {
                  directive: programDirective.directive,
                  attributes: [
                    { name: 'hash-algorithm', title: 'digest algorithm', value: 'sha256' },
                    { name: 'append', title: 'append', value: 'false' },
                    { name: 'description', title: 'description', value: 'Demo' },
                    { name: 'description-url', title: 'URL', value: null },
                  ],
                  contentDigests: programDirective.contentDigests,
                },
              ],
              existingSignatures: [
                { ...readableSignature, reason: null },
                { ...unreadableSignature, signer: null, timestamp: null, uncovered: [] },
              ],
            },
          ],
        },
      },
      approvalProcess: {
        approvers: ['Anna', 'Bert', 'Cora'].map((name) => ({ user: { name }, group: null })),
        requiredApprovals: 2,
      },
      approvals: [
        { approver: { name: 'Anna' }, counts: true },
        { approver: { name: 'Bert' }, counts: true },
      ],
      missingApprovals: 0,
      denial: null,
      cancellation: null,
      failure: null,
      attempts: [{ attempt: 1 }],
      manifest: {
        fileCount: 1,
        files: {
          nodes: [
            {
              node: 0,
              path: ['setup.exe'],
              signedSize: 26,
              signatures: [
                {
                  directive: 'authenticode-sign',
                  timestamp: programTimestamp,
                },
              ],
            },
          ],
        },
      },
      signedArtifact: { fileName: 'setup.exe', size: 26 },
      unsignedArtifactLink: `https://signing.example.com/Api/v1/${server.organizationId}/SigningRequests/${id}/UnsignedArtifact`,
      signedArtifactLink: `https://signing.example.com/Api/v1/${server.organizationId}/SigningRequests/${id}/SignedArtifact`,
    })
    for (const { document, digest, page } of [request.plan, request.manifest]) {
      expect(sha256(document)).toBe(digest)
      expect(JSON.parse(document)).toMatchObject({ signingRequestId: id, pages: [{ sha256: sha256(page) }] })
    }
    expect(request.events.nodes.map(({ type }: { type: string }) => type)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'SigningPlanned',
      'ApprovalGranted',
      'ApprovalGranted',
      'SigningStarted',
      'FilesSigned',
      'SigningRequestCompleted',
    ])
    expect(request.events.nodes[0]).toMatchObject({
      revision: 0,
      actor: { kind: 'user', user: { name: 'Sam Submitter' } },
    })
    expect(request.finishedAt).toBe(request.events.nodes.at(-1).occurredAt)
  })

  it('name why it came to nothing', async () => {
    const server = await startGraphQLServer()
    const [denied, canceled, failed, expired] = [
      await server.submit(),
      await server.submit(),
      await server.submit(),
      await submitWithDeadline(server),
    ]
    for (const id of [denied, canceled, failed, expired]) await server.plan(id)
    await server.caughtUp()
    const request = await server.readModel.signingRequestsByIds(server.organizationId, [expired])
    const deadline = String(request[0]?.plan?.approvalDeadline)
    await server.tell(denied, {
      type: 'Deny',
      groups: [],
      approver: server.approvers[0].userId,
      comment: 'not this one',
    })
    await server.tell(canceled, { type: 'Cancel', canceledBy: server.submitter.userId, reason: 'wrong file' })
    const failure = { code: 'PE_MALFORMED', message: 'No.', path: ['setup.exe'] }
    await server.tell(failed, { type: 'Fail', workflowStatus: 'ProcessingFailed', failure })
    await server.tell(expired, { type: 'ExpireApproval', deadline })
    await server.caughtUp()
    const { data } = await server.ask(
      server.submitter,
      `{ signingRequests {
        nodes { signingRequestId status workflowStatus finishedAt
          denial { kind approver { name } comment deadline deniedAt }
          cancellation { canceledBy { name } reason canceledAt }
          failure { code message path failedAt } } } }`,
    )
    const byId = Object.fromEntries(
      // biome-ignore lint/suspicious/noExplicitAny: as the query says
      data.signingRequests.nodes.map((node: any) => [node.signingRequestId, node]),
    )
    expect(byId[denied]).toMatchObject({
      status: 'Denied',
      denial: {
        kind: 'denied',
        approver: { name: 'Anna' },
        comment: 'not this one',
        deniedAt: byId[denied].finishedAt,
      },
    })
    expect(byId[expired].denial).toMatchObject({ kind: 'expired', approver: null, deadline })
    expect(byId[canceled]).toMatchObject({
      status: 'Canceled',
      cancellation: { canceledBy: { name: 'Sam Submitter' }, reason: 'wrong file' },
    })
    expect(byId[failed]).toMatchObject({ status: 'Failed', workflowStatus: 'ProcessingFailed', failure })
  })

  it('say why it waits, when it is tried again, and what to do; and what to do about why one failed', async () => {
    const server = await startGraphQLServer()
    const [waits, stands, failed] = [await server.submit(), await server.submit(), await server.submit()]
    const failure = { code: 'ARTIFACT_STORE_FULL', message: 'The disk is full.', path: null }
    const [since, nextTryAt] = ['2026-01-31T09:30:00.000Z', '2026-01-31T09:30:04.000Z']
    const delay = { type: 'RecordDelay', failure, at: since, nextTryAt, pauseSeconds: 4 } as const
    await server.tell(waits, delay)
    await server.tell(stands, { ...delay, nextTryAt: null, failure: { ...failure, code: 'A_NEWER_ONE' } })
    const final = { code: 'PE_TRUNCATED', message: 'It ends.', path: ['setup.exe'] }
    await server.tell(failed, { type: 'Fail', workflowStatus: 'ArtifactRetrievalFailed', failure: final })
    await server.caughtUp()
    const { data } = await server.ask(
      server.submitter,
      `{ signingRequests { nodes { signingRequestId isFinalStatus
          waitingFor { code message path remedy since nextTryAt } failure { code remedy } } } }`,
    )
    // biome-ignore lint/suspicious/noExplicitAny: as the query says
    const byId = Object.fromEntries(data.signingRequests.nodes.map((node: any) => [node.signingRequestId, node]))
    const { nextTryAt: told, ...reason } = byId[waits].waitingFor
    expect(reason).toEqual({ ...failure, since, remedy: remedyOf('ARTIFACT_STORE_FULL') })
    expect(Date.parse(told)).toBeGreaterThan(Date.now() - 60_000)
    expect(byId[stands].waitingFor).toMatchObject({ code: 'A_NEWER_ONE', remedy: null, nextTryAt: null })
    expect(byId[failed]).toMatchObject({ waitingFor: null, failure: { remedy: remedyOf('PE_TRUNCATED') } })
    expect(await server.readModel.delays(10)).toHaveLength(2)
    expect(await server.readModel.delays(1)).toHaveLength(1)
  })
})

/** Submits under a policy whose approvals end after an hour. */
async function submitWithDeadline(server: GraphQLTestServer): Promise<SigningRequestId> {
  const { dependencies, setup, projectId, certificateId, submitter, approvers } = server
  await createSigningPolicy(dependencies, setup, {
    projectId,
    slug: 'urgent-signing',
    settings: {
      name: 'Urgent',
      certificateId,
      submitters: [{ user: submitter.userId }],
      approval: {
        approvers: approvers.map(({ userId }) => ({ user: userId })),
        requiredApprovals: 2,
        submitterMayApprove: false,
        deadlineSeconds: 3600,
      },
      timestamp: 'required',
      release: false,
      existingSignatures: ['replace', 'append', 'refuse'],
    },
  })
  return server.submit('urgent-signing')
}
