import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createProject } from '../../application/create-project.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { createUser } from '../../application/create-user.ts'
import { createOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import { type OrganizationId, remedyOf, type SigningRequestId } from '../../domain/index.ts'
import { defaultLimits } from '../../graphql/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'

const everythingOfARequest = `
  id signingRequestId status workflowStatus isFinalStatus description submittedAt updatedAt finishedAt createdAt
  project { slug } signingPolicy { slug } signingPolicyVersion certificate { name } submitter { name }
  artifact { fileName sha256 size } programDescription programUrl timestamp
  plan {
    digest fileCount plannedAt approvalDeadline certificateThumbprint document
    plannerVersion nodeCount page(index: 0) noPage: page(index: 1)
    nodes(first: 2) { nodes { index parent descendantCount kind path outcome container element { name path line column } } }
    files(first: 2) { nodes { path kind outcome children(first: 1) { nodes { path } } format sha256 size existingSignatures {
      kind outcome place depth sha256 reason signer issuer serialNumber digestAlgorithm integrity uncovered
      timestamp { kind time authority integrity uncovered }
    } directives { directive attributes { name title value } contentDigests { content algorithm digest } } } }
  }
  approvalProcess { approvers { user { name } group { name } } requiredApprovals submitterMayApprove deadlineSeconds }
  approvals { approver { name } planDigest comment approvedAt counts } missingApprovals
  denial { kind } cancellation { reason } failure { code }
  attempts { attempt startedAt certificateThumbprint }
  manifest { digest fileCount document page(index: 0) files(first: 2) { nodes {
    node path unsignedSha256 signedSha256 signedSize signatures { directive timestamp { time authority uncovered } }
  } } }
  signedArtifact { fileName sha256 size }
  events(first: 100) { nodes { eventId type occurredAt actor { kind user { name } component } data revision position } }
  unsignedArtifactLink signedArtifactLink`

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('queries', () => {
  it('says who is asking', async () => {
    const server = await startGraphQLServer()
    const { data, errors } = await server.ask(
      server.submitter,
      '{ viewer { userId name roles user { email status } organization { name } apiToken { name prefix status } } }',
    )
    expect(errors).toBeUndefined()
    expect(data.viewer).toMatchObject({
      userId: server.submitter.userId,
      name: 'Sam Submitter',
      roles: [],
      user: { email: 'sam.submitter@example.com', status: 'active' },
      organization: { name: 'Example & Co' },
      apiToken: { name: 'test', status: 'active' },
    })
  })

  it('shows the whole way of a request', async () => {
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
                  directive: 'authenticode-sign',
                  attributes: [
                    { name: 'hash-algorithm', title: 'digest algorithm', value: 'sha256' },
                    { name: 'append', title: 'append', value: 'false' },
                    { name: 'description', title: 'description', value: 'Demo' },
                    { name: 'description-url', title: 'URL', value: null },
                  ],
                  contentDigests: [{ content: 'image', algorithm: 'sha256', digest: 'cd'.repeat(32) }],
                },
              ],
              existingSignatures: [
                {
                  kind: 'signature',
                  outcome: 'replaced',
                  place: 'certificate table',
                  depth: 0,
                  sha256: 'ab'.repeat(32),
                  reason: null,
                  signer: 'CN=Vendor',
                  issuer: 'CN=Authority',
                  serialNumber: '0a',
                  digestAlgorithm: 'sha1',
                  integrity: 'intact',
                  timestamp: {
                    kind: 'countersignature',
                    time: '2020-01-01T00:00:00.000Z',
                    authority: null,
                    integrity: 'unchecked',
                    uncovered: ['attribute certificates'],
                  },
                  uncovered: ['the unsigned attribute 1.2.3'],
                },
                {
                  kind: 'unreadable',
                  place: 'nested signature',
                  depth: 1,
                  reason: 'It is none.',
                  signer: null,
                  timestamp: null,
                  uncovered: [],
                },
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
                  timestamp: { authority: 'http://tsa.example.com', uncovered: ['attribute certificates'] },
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

  it('names why a request came to nothing', async () => {
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

  it('says why a request waits, when it is tried again, and what to do; and what to do about why one failed', async () => {
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

  it('finds entities by UUID, by node id and by slug', async () => {
    const server = await startGraphQLServer()
    const { data: first } = await server.ask(
      server.submitter,
      `query ($project: ID!, $policy: ID!, $certificate: ID!, $user: ID!) {
        organization { id name organizationId }
        project(id: $project) { id slug name repositoryUrl status signingPolicies { slug } }
        bySlug: project(slug: "DEMO") { id }
        signingPolicy(id: $policy) { id name status project { slug } current { version release timestamp
          submitters { user { name } } approval { requiredApprovals approvers { user { name } group { name } } } } versions { version madeBy { component } } }
        certificate(id: $certificate) { id name status key { keyStore algorithm name origin potentiallyExposed token { label } certificates { name } events(first: 5) { nodes { type } } } renews { name } subject thumbprint chain pem notAfter }
        user(id: $user) { id name kind status roles }
      }`,
      {
        project: server.projectId,
        policy: server.releasePolicyId,
        certificate: server.certificateId.toUpperCase(),
        user: server.submitter.userId,
      },
    )
    expect(first.bySlug.id).toBe(first.project.id)
    expect(first.project).toMatchObject({
      slug: 'demo',
      status: 'valid',
      signingPolicies: [{ slug: 'release-signing' }, { slug: 'test-signing' }],
    })
    expect(first.signingPolicy).toMatchObject({
      name: 'Release',
      status: 'active',
      current: { version: 1, submitters: [{ user: { name: 'Sam Submitter' } }], approval: { requiredApprovals: 2 } },
      versions: [{ version: 1, madeBy: { component: 'setup' } }],
    })
    expect(first.certificate).toMatchObject({
      status: 'active',
      key: {
        keyStore: 'default',
        algorithm: 'ec_p256',
        name: 'Test certificate',
        origin: 'generated',
        potentiallyExposed: false,
        token: { label: 'test' },
        certificates: [{ name: 'Test certificate' }],
        events: { nodes: [{ type: 'KeyGenerationRequested' }, { type: 'KeyGenerated' }] },
      },
      renews: null,
      chain: ['MAA='],
      pem: '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n',
    })
    const ids = [first.organization.id, first.project.id, first.signingPolicy.id, first.certificate.id, first.user.id]
    const missing = Buffer.from(`Project:${randomUUID()}`).toString('base64')
    const { data: second, errors } = await server.ask(
      server.submitter,
      `query ($ids: [ID!]!, $project: ID!) {
        nodes(ids: $ids) { __typename id ... on Project { slug } ... on User { name } }
        node(id: $project) { ... on Project { slug } }
      }`,
      { ids: [...ids, missing], project: first.project.id },
    )
    expect(errors).toBeUndefined()
    expect(second.nodes).toMatchObject([
      { __typename: 'Organization', id: ids[0] },
      { __typename: 'Project', id: ids[1], slug: 'demo' },
      { __typename: 'SigningPolicy', id: ids[2] },
      { __typename: 'Certificate', id: ids[3] },
      { __typename: 'User', id: ids[4], name: 'Sam Submitter' },
      null,
    ])
    expect(second.node).toEqual({ slug: 'demo' })
  })

  it('answers null for what does not exist', async () => {
    const server = await startGraphQLServer()
    const { data, errors } = await server.ask(
      server.submitter,
      `query ($id: ID!) { project(id: $id) { slug } signingRequest(id: $id) { status } user(id: $id) { name }
        signingPolicy(id: $id) { slug } certificate(id: $id) { name } other: project(slug: "no-such") { slug } }`,
      { id: randomUUID() },
    )
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      project: null,
      signingRequest: null,
      user: null,
      signingPolicy: null,
      certificate: null,
      other: null,
    })
  })

  it('shows nothing of another organization', async () => {
    const server = await startGraphQLServer()
    const organizationId = randomUUID() as OrganizationId
    const theirs = new Setup(organizationId)
    await createOrganization(server.dependencies, theirs, { name: 'Others' })
    const { userId } = await createUser(server.dependencies, theirs, {
      kind: 'interactive',
      name: 'Oda Other',
      email: null,
      roles: [],
    })
    const { projectId } = await createProject(server.dependencies, theirs, {
      slug: 'theirs',
      name: 'Theirs',
      description: null,
      repositoryUrl: null,
    })
    await server.caughtUp()
    const { data } = await server.ask(
      server.administrator,
      `query ($project: ID!, $user: ID!, $node: ID!, $stream: String!) {
        project(id: $project) { slug } bySlug: project(slug: "theirs") { slug } user(id: $user) { name }
        node(id: $node) { id } users { nodes { name } } projects { nodes { slug } }
        events(streamId: $stream) { nodes { type } }
      }`,
      {
        project: projectId,
        user: userId,
        node: Buffer.from(`Organization:${organizationId}`).toString('base64'),
        stream: `project-${projectId}`,
      },
    )
    expect(data).toMatchObject({ project: null, bySlug: null, user: null, node: null, events: { nodes: [] } })
    expect(data.users.nodes.map(({ name }: { name: string }) => name)).not.toContain('Oda Other')
    expect(data.projects.nodes).toEqual([{ slug: 'demo' }])
  })

  it('shows e-mail addresses and tokens to administrators of users and their owners alone', async () => {
    const server = await startGraphQLServer()
    const query = 'query ($id: ID!) { user(id: $id) { email apiTokens { name } } }'
    const asked = async (by: { token: string }, of: string) => (await server.ask(by, query, { id: of })).data.user
    const { administrator, auditor, submitter, approvers } = server
    const seen = { email: 'sam.submitter@example.com', apiTokens: [{ name: 'test' }] }
    expect(await asked(administrator, submitter.userId)).toEqual(seen)
    expect(await asked(submitter, submitter.userId)).toEqual(seen)
    expect(await asked(auditor, submitter.userId)).toEqual({ email: null, apiTokens: null })
    expect(await asked(approvers[0], submitter.userId)).toEqual({ email: null, apiTokens: null })

    const feed = '{ events(types: ["UserCreated", "ApiTokenIssued"], first: 100) { nodes { type data } } }'
    const toAdministrator = await server.ask(administrator, feed)
    const toAuditor = await server.ask(auditor, feed)
    expect(toAdministrator.text).toContain('sam.submitter@example.com')
    expect(toAuditor.text).not.toContain('sam.submitter@example.com')
    expect(toAuditor.text).toContain('otto.auditor@example.com')
    expect(toAdministrator.text).not.toContain('tokenHash')
  })

  it('opens the audit log and the list of refusals to auditors and administrators alone', async () => {
    const server = await startGraphQLServer()
    const id = await server.submit()
    await server.ask(
      server.approvers[0],
      `mutation ($id: ID!) { denySigningRequest(input: { signingRequestId: $id }) { position } }`,
      { id },
    )
    // Nobody is known by this one: it belongs to no organization, and none sees it.
    await server.ask({ token: `${server.submitter.token}x` }, '{ viewer { name } }')
    await server.ask(
      { token: server.submitter.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) },
      '{ viewer { name } }',
    )
    await server.caughtUp()
    const query = `{ securityRefusals { nodes { commands code count actor { kind userId } remoteAddress subject } }
      events(first: 3) { nodes { type } } }`
    for (const regular of [server.submitter, server.approvers[0]]) {
      const { data, errors } = await server.ask(regular, query)
      expect(data).toBeNull()
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    }
    for (const allowed of [server.auditor, server.administrator]) {
      const { data, errors } = await server.ask(allowed, query)
      expect(errors).toBeUndefined()
      expect(data.securityRefusals.nodes).toMatchObject([
        { commands: ['authenticate'], code: 'TOKEN_INVALID', count: 1, actor: { kind: 'anonymous' } },
        {
          commands: ['denySigningRequest'],
          code: 'NOT_WAITING_FOR_APPROVAL',
          subject: id,
          actor: { kind: 'user', userId: server.approvers[0].userId },
          remoteAddress: '127.0.0.1',
        },
      ])
      expect(data.events.nodes).toHaveLength(3)
    }
  })

  it('answers the same bytes after the read model was built anew', async () => {
    const server = await startGraphQLServer({ limits: { ...defaultLimits, cost: 1_000_000 } })
    const id = await server.submit()
    const planDigest = await server.plan(id)
    await server.tell(id, {
      type: 'Approve',
      groups: [],
      approver: server.approvers[1].userId,
      planDigest,
      comment: 'fine',
    })
    await server.submit('test-signing')
    await server.caughtUp()
    const everything = `{
      organization { id name createdAt } users(first: 50) { edges { cursor node { id name email roles apiTokens { issuedAt prefix } } } }
      projects { edges { cursor node { id slug events { nodes { eventId data } } signingPolicies { id versions { madeAt } } } } }
      certificates { nodes { id status createdAt } } signingRequests { edges { cursor node { ${everythingOfARequest} } } }
      events(first: 100) { edges { cursor node { eventId type data occurredAt correlationId causationId remoteAddress } } }
      securityRefusals { nodes { code } }
    }`
    const before = await server.ask(server.administrator, everything)
    expect(before.errors).toBeUndefined()
    await server.rebuild()
    const after = await server.ask(server.administrator, everything)
    expect(after.text).toBe(before.text)
    expect(before.data.signingRequests.edges).toHaveLength(2)
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
