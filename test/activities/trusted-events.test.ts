import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test, vi } from 'vitest'
import { checkUser } from '../../activities/attribution.ts'
import { authenticationChecks } from '../../activities/check-authentication.ts'
import { signerActivities } from '../../activities/index.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { revokeProcessKey, unknownOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import {
  type ApiTokenId,
  type ApiTokenScope,
  type DomainEvent,
  type ProjectId,
  type SigningRequest,
  streams,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { prepareEvents, readWholeStream, withSignatures } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { withMoments } from '../support/moments.ts'
import { references } from '../support/submission.ts'
import { tamper } from '../support/tamper.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const installation = testInstallation()

/** Has the signer sign a request; answers how that failed, and whether the key was asked for. */
async function sign({ signer, token }: TestOrganization, { signingRequestId }: SigningRequest) {
  const find = vi.spyOn(token, 'findKey')
  const recorded: string[] = []
  const { sign } = signerActivities({ ...signer, recordRefusal: async (_, __, { code }) => void recorded.push(code) })
  const failure = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { failure, recorded, keyTouched: find.mock.calls.length > 0 }
}

/** The request waits: it may be signed when the log is right again. */
async function expectWaiting(
  organization: TestOrganization,
  request: SigningRequest,
  code = 'EVENT_LOG_UNTRUSTED',
): Promise<void> {
  const { failure, recorded, keyTouched } = await sign(organization, request)
  expect(failure).toMatchObject({ type: code, nonRetryable: false })
  expect(recorded).toEqual([code])
  expect(keyTouched).toBe(false)
  const { events } = await readWholeStream(organization.log, streams.signingRequest(request.signingRequestId))
  expect(events.map(({ type }) => type)).not.toContain('SigningStarted')
}

function approval({ plan }: SigningRequest, approver: UserId): DomainEvent {
  const planDigest = plan?.digest ?? otherDigest
  return {
    type: 'ApprovalGranted',
    data: { schemaVersion: 1, approver, through: references(approver), planDigest, comment: null } as never,
  }
}

function metadataOf(
  { setup }: TestOrganization,
  { signingRequestId }: SigningRequest,
  userId: UserId,
  tokenId: ApiTokenId,
) {
  return {
    schemaVersion: 1,
    organizationId: setup.organizationId,
    actor: { kind: 'user', userId, authentication: { method: 'apiToken', tokenId } } as const,
    correlationId: signingRequestId,
    causationId: randomUUID(),
    occurredAt: new Date().toISOString(),
  }
}

/** Two approvals, each as `append` writes it. */
async function approveTwice(
  organization: TestOrganization,
  request: SigningRequest,
  tokenOf: (approver: UserId) => ApiTokenId,
  append = organization.log.append,
): Promise<void> {
  const stream = streams.signingRequest(request.signingRequestId)
  for (const approver of organization.approvers.slice(0, 2)) {
    const { revision } = await readWholeStream(organization.log, stream)
    const metadata = metadataOf(organization, request, approver, tokenOf(approver))
    await append(stream, prepareEvents(stream, revision, [approval(request, approver)], metadata), revision)
  }
}

const ownToken = (organization: TestOrganization) => (user: UserId) => organization.tokenIds.get(user) as ApiTokenId

test('the signer believes nobody who was erased before, whatever else their stream says', async () => {
  const [userId, tokenId, organizationId] = [randomUUID(), randomUUID(), randomUUID()]
  const at = (occurredAt: string, type: string, data: object) =>
    ({ type, data: { schemaVersion: 1, ...data }, metadata: { schemaVersion: 1, organizationId, occurredAt } }) as never
  const before = [
    at('2026-03-01T10:00:00.000Z', 'UserCreated', { userId, organizationId, kind: 'ci' }),
    at('2026-03-01T10:00:01.000Z', 'ApiTokenIssued', { tokenId, expiresAt: null }),
    at('2026-03-01T10:00:02.000Z', 'UserErased', {}),
  ]
  const check = checkUser(authenticationChecks)
  const actor = { kind: 'user', userId, authentication: { method: 'apiToken', tokenId } } as never
  const later = at('2026-03-01T11:00:00.000Z', 'ApprovalGranted', {})
  expect(await check(actor, later, async () => before)).toBe('who was deactivated')
  expect(await check(actor, later, async () => before.slice(0, 2))).toBeUndefined()
})

async function revoke({ log }: TestOrganization, keyId: string, since: string): Promise<void> {
  const operator = new Setup(unknownOrganization, { component: 'operator' })
  await revokeProcessKey({ log, now: () => new Date().toISOString() }, operator, { keyId, since, reason: 'stolen' })
}

/** Signs a new request; at one of the signer's moments the key is revoked by which its approvals were recorded. */
async function signWhileRevoked(organization: TestOrganization, at: number) {
  const request = await organization.planned()
  const stolen = installation.eventKey(['worker'])
  const since = new Date().toISOString()
  const worker = withSignatures(organization.stored, stolen)
  await approveTwice(organization, request, ownToken(organization), worker.append)
  const moments: string[] = []
  let usedBefore = 0
  const signer = withMoments(organization.signer, async (name) => {
    moments.push(name)
    if (moments.length - 1 !== at) return
    usedBefore = signer.signed.length
    await revoke(organization, stolen.keyId, since)
  })
  const { failure } = await sign({ ...organization, signer }, request)
  const { signingRequestId } = request
  return { signingRequestId, failure, moments, usedAfterwards: signer.signed.length > usedBefore }
}

describe('the signer believes only what a process of the service signed', () => {
  test('and signs then', async () => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    await approveTwice(organization, request, ownToken(organization))
    expect((await sign(organization, request)).failure).toBeUndefined()
    expect(await organization.request(request.signingRequestId)).toMatchObject({ workflowStatus: 'Completed' })
  })

  test('and no rows with two approvals that somebody put into the database', async () => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    const stream = streams.signingRequest(request.signingRequestId)
    const { events } = await readWholeStream(organization.log, stream)
    const rows = organization.approvers.slice(0, 2).map((approver, index) => {
      const { type, data } = approval(request, approver)
      const metadata = metadataOf(organization, request, approver, ownToken(organization)(approver))
      const revision = events.length + index
      return [
        'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
        stream,
        revision,
        randomUUID(),
        type,
        JSON.stringify(data),
        JSON.stringify(metadata),
      ] as const
    })
    tamper(join(organization.folder, 'event-log.db'), ...rows)
    // By the events alone the quorum is reached.
    expect(await organization.request(request.signingRequestId)).toMatchObject({
      workflowStatus: 'QueuedForProcessing',
    })
    await expectWaiting(organization, request)
  })

  test('and no approvals that an API process wrote, whose key is not for them', async () => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    const api = withSignatures(organization.stored, installation.eventKey(['api']))
    await approveTwice(organization, request, ownToken(organization), api.append)
    await expectWaiting(organization, request)
  })

  test('and no approvals by a process whose key is revoked for that time', async () => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    const stolen = installation.eventKey(['worker'])
    const since = new Date().toISOString()
    const worker = withSignatures(organization.stored, stolen)
    await approveTwice(organization, request, ownToken(organization), worker.append)
    await revoke(organization, stolen.keyId, since)
    await expectWaiting(organization, request)
  })

  test('and does not use the key once that of a process is revoked which recorded approvals, whenever it happens', async () => {
    const organization = await testOrganization({ installation })
    const { moments, failure } = await signWhileRevoked(organization, -1)
    expect(failure).toBeUndefined()
    const lastLook = moments.lastIndexOf('lastRevisions')
    expect(moments.slice(lastLook + 1)).toEqual(['log.append'])
    for (let at = 0; at <= lastLook; at++) {
      const outcome = await signWhileRevoked(organization, at)
      const name = `before ${moments[at]}, moment ${at} of ${moments.length}`
      expect(outcome.failure, name).toMatchObject({ type: 'EVENT_LOG_UNTRUSTED', nonRetryable: false })
      expect(outcome.usedAfterwards, name).toBe(false)
      expect((await organization.request(outcome.signingRequestId)).workflowStatus, name).not.toBe('Completed')
    }
  })

  test('and a row that was inserted holds a request up until it is gone', async () => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    await approveTwice(organization, request, ownToken(organization))
    const path = join(organization.folder, 'event-log.db')
    const stream = streams.signingPolicy(organization.signingPolicyId)
    const { events, revision } = await readWholeStream(organization.log, stream)
    const [created] = events
    const settings = { ...(created?.data.settings as object), approval: null }
    tamper(path, [
      'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
      stream,
      Number(revision) + 1,
      randomUUID(),
      'SigningPolicyChanged',
      JSON.stringify({ schemaVersion: 1, version: 2, settings }),
      JSON.stringify(created?.metadata),
    ])
    await expectWaiting(organization, request)
    tamper(path, ['DELETE FROM events WHERE stream_id = ? AND revision = ?', stream, Number(revision) + 1])
    expect((await sign(organization, request)).failure).toBeUndefined()
    expect(await organization.request(request.signingRequestId)).toMatchObject({ workflowStatus: 'Completed' })
  })

  test.each([
    ['lacks its beginning', 'DELETE FROM events WHERE stream_id = ? AND revision = 0'],
    ['cannot be read', "UPDATE events SET data = '{' WHERE stream_id = ? AND revision = 0"],
  ])('and nothing when a stream that the decision rests on %s', async (_, statement) => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    await approveTwice(organization, request, ownToken(organization))
    const stream = streams.signingPolicy(organization.signingPolicyId)
    tamper(join(organization.folder, 'event-log.db'), [statement, stream])
    await expectWaiting(organization, request, 'EVENT_LOG_CORRUPT')
  })

  test.each(['signingPolicy', 'certificate', 'project', 'user'] as const)(
    'and nothing when a row of a %s that the decision rests on was changed',
    async (kind) => {
      const organization = await testOrganization({ installation })
      const request = await organization.planned()
      await approveTwice(organization, request, ownToken(organization))
      const stream = {
        signingPolicy: streams.signingPolicy(organization.signingPolicyId),
        certificate: streams.certificate(organization.certificateId),
        project: streams.project(organization.projectId),
        user: streams.user(organization.approvers[0]),
      }[kind]
      const path = join(organization.folder, 'event-log.db')
      tamper(path, [
        `UPDATE events SET data = json_set(data, '$.name', 'other') WHERE stream_id = ? AND revision = 0`,
        stream,
      ])
      await expectWaiting(organization, request)
    },
  )
})

describe('an approval counts for the signer only with a token that was its giver’s, and worked then', () => {
  const longAgo = new Date(Date.now() - 60 * 60_000).toISOString()

  test.each(['the token of somebody else', 'one that there never was'])('not with %s', async (whose) => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    const other = ownToken(organization)(organization.submitter)
    await approveTwice(organization, request, () => (whose.includes('else') ? other : (randomUUID() as ApiTokenId)))
    await expectWaiting(organization, request)
  })

  test.each(['expired', 'revoked'])('not with one that had %s', async (how) => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    const [anna] = organization.approvers
    const past = { log: organization.log, now: () => longAgo }
    const tellAnna = (command: Parameters<typeof userDecider.decide>[0]) =>
      handleCommand(past, organization.setup, streams.user(anna), userDecider, command)
    const tokenId = randomUUID() as ApiTokenId
    const expiresAt = how === 'expired' ? new Date(Date.parse(longAgo) + 1_000).toISOString() : null
    const hash = { tokenHash: 'ab'.repeat(32), prefix: 'abcdef' }
    await tellAnna({ type: 'IssueApiToken', tokenId, name: 'old', ...hash, expiresAt, at: longAgo })
    if (how === 'revoked') await tellAnna({ type: 'RevokeApiToken', tokenId })
    await approveTwice(organization, request, (user) => (user === anna ? tokenId : ownToken(organization)(user)))
    await expectWaiting(organization, request)
  })

  test.each(['access', 'projects'] as const)('not with one that is limited in its %s', async (limit) => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    const [anna] = organization.approvers
    const narrow = async (scope: ApiTokenScope) => {
      const tokenId = randomUUID() as ApiTokenId
      const facts = { tokenId, name: 'narrow', tokenHash: 'ab'.repeat(32), prefix: 'abcdef', expiresAt: null }
      const command = { type: 'IssueApiToken', ...facts, scope, at: longAgo } as const
      await handleCommand(organization.signer, organization.setup, streams.user(anna), userDecider, command)
      return tokenId
    }
    const otherProject = { access: 'full', projects: [randomUUID() as ProjectId], networks: null } as const
    const tokenId = await narrow(
      limit === 'access' ? { access: 'submit', projects: null, networks: null } : otherProject,
    )
    await approveTwice(organization, request, (user) => (user === anna ? tokenId : ownToken(organization)(user)))
    await expectWaiting(organization, request)
  })

  test('and with one that is limited to its project', async () => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    const [anna] = organization.approvers
    const tokenId = randomUUID() as ApiTokenId
    const facts = { tokenId, name: 'narrow', tokenHash: 'ab'.repeat(32), prefix: 'abcdef', expiresAt: null }
    const scope = { access: 'full', projects: [organization.projectId], networks: null } as const
    const command = { type: 'IssueApiToken', ...facts, scope, at: longAgo } as const
    await handleCommand(organization.signer, organization.setup, streams.user(anna), userDecider, command)
    await approveTwice(organization, request, (user) => (user === anna ? tokenId : ownToken(organization)(user)))
    expect((await sign(organization, request)).failure).toBeUndefined()
  })

  test('and still with one that is revoked afterwards', async () => {
    const organization = await testOrganization({ installation })
    const request = await organization.planned()
    await approveTwice(organization, request, ownToken(organization))
    const [anna] = organization.approvers
    const tokenId = ownToken(organization)(anna)
    await handleCommand(organization.signer, organization.setup, streams.user(anna), userDecider, {
      type: 'RevokeApiToken',
      tokenId,
    })
    expect((await sign(organization, request)).failure).toBeUndefined()
  })
})
