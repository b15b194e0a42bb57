import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import {
  type ActorCheck,
  type ActorChecks,
  type AuthenticationCheck,
  actorChecks,
  authenticationChecks,
  checkUser,
  signerActivities,
  withAttribution,
} from '../../activities/index.ts'
import {
  type Actor,
  type Authentication,
  eventMetadata,
  fold,
  projectDecider,
  type SessionId,
  type SigningRequest,
  streams,
  type TrustedBuildSystemId,
  type UserId,
  type WebSession,
} from '../../domain/index.ts'
import { appendDecided, prepareEvents, readWholeStream, withVerification } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { references } from '../support/submission.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const installation = testInstallation()

/** A kind of actor that no release of this service knows, and a way to authenticate that none knows. */
type Robot = { readonly kind: 'robot'; readonly serial: number }
type SmartCard = { readonly method: 'smartCard'; readonly card: string }
const robot = { kind: 'robot', serial: 7 } as unknown as Actor
const smartCard = { method: 'smartCard', card: 'a1' } as unknown as Authentication

/** The robot takes a project out of use and back into it. */
async function robotRestartsProject({ log, projectId, setup }: TestOrganization): Promise<void> {
  const streamId = streams.project(projectId)
  const { organizationId } = setup
  for (const command of [{ type: 'DeactivateProject', reason: null }, { type: 'ReactivateProject' }] as const) {
    const metadata = eventMetadata(
      { actor: robot, callId: randomUUID() },
      { organizationId, occurredAt: new Date().toISOString() },
    )
    await appendDecided(
      log,
      async () => ({ streamId, ...(await readWholeStream(log, streamId)) }),
      ({ events, revision }) =>
        prepareEvents(streamId, revision, projectDecider.decide(command, fold(projectDecider, events)), metadata),
    )
  }
}

/** Two approvers agree, each as an actor that `actorOf` makes of them. */
async function approveAs(
  { log, approvers, setup }: TestOrganization,
  { signingRequestId, plan }: SigningRequest,
  actorOf: (approver: UserId) => Actor,
): Promise<void> {
  const streamId = streams.signingRequest(signingRequestId)
  const { organizationId } = setup
  for (const approver of approvers.slice(0, 2)) {
    const through = references(approver)
    const granted = {
      type: 'ApprovalGranted',
      data: { schemaVersion: 1, approver, through, planDigest: plan?.digest, comment: null },
    }
    const metadata = eventMetadata(
      { actor: actorOf(approver), callId: randomUUID() },
      { organizationId, correlationId: signingRequestId, occurredAt: new Date().toISOString() },
    )
    await appendDecided(
      log,
      async () => ({ streamId, ...(await readWholeStream(log, streamId)) }),
      ({ revision }) => prepareEvents(streamId, revision, [granted], metadata),
    )
  }
}

const byToken =
  ({ tokenIds }: TestOrganization) =>
  (userId: UserId): Actor => ({
    kind: 'user',
    userId,
    authentication: { method: 'apiToken', tokenId: tokenIds.get(userId) as never },
  })

/** Has a signer with these checks sign a request; answers the code of its failure. */
async function signWith(organization: TestOrganization, { signingRequestId }: SigningRequest, checks?: ActorChecks) {
  const { log, stored, signer } = organization
  const believed = withVerification(log, installation.ring(stored))
  const recorded: string[] = []
  const { sign } = signerActivities({
    ...signer,
    log: checks === undefined ? withAttribution(believed) : withAttribution(believed, checks),
    recordRefusal: async (_command, _subject, { code }) => void recorded.push(code),
  })
  const failure = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => undefined,
    (error: unknown) => error,
  )
  const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
  return { failure, recorded, types: events.map(({ type }) => type) }
}

/** Nothing was signed, nothing is held against anybody, and the request goes on with a signer that knows more. */
const waiting = {
  failure: { type: 'EVENT_ACTOR_UNKNOWN', nonRetryable: false },
  recorded: [],
  types: expect.not.arrayContaining(['SigningStarted', 'SigningRequestFailed']),
}
const untrusted = {
  failure: { type: 'EVENT_LOG_UNTRUSTED', nonRetryable: false },
  recorded: ['EVENT_LOG_UNTRUSTED'],
  types: expect.not.arrayContaining(['SigningStarted', 'SigningRequestFailed']),
}
const signed = { failure: undefined, types: expect.arrayContaining(['SigningRequestCompleted']) }

async function planned() {
  const organization = await testOrganization({ installation })
  return { organization, request: await organization.planned() }
}

describe('a kind of actor that is not known', () => {
  test('makes requests wait that rest on what it did, until a signer knows it: by one more check', async () => {
    const { organization, request } = await planned()
    await robotRestartsProject(organization)
    await approveAs(organization, request, byToken(organization))
    expect(await signWith(organization, request)).toMatchObject(waiting)

    const seen: number[] = []
    const checkRobot: ActorCheck<Robot> = async ({ serial }, event, eventsBefore) => {
      seen.push(serial)
      const before = await eventsBefore(event.streamId)
      return before.length === 0 ? 'which begins no project' : undefined
    }
    const strict: ActorCheck<Robot> = async () => 'which has no licence'
    expect(await signWith(organization, request, { ...actorChecks, robot: strict })).toMatchObject(untrusted)
    expect(await signWith(organization, request, { ...actorChecks, robot: checkRobot })).toMatchObject(signed)
    expect(new Set(seen)).toEqual(new Set([7]))
  })

  test('approves nothing, whatever its check says: approvals are of users', async () => {
    const { organization, request } = await planned()
    await approveAs(organization, request, () => robot)
    expect(await signWith(organization, request)).toMatchObject(waiting)
    const trusting: ActorCheck<Robot> = async () => undefined
    const { failure, types } = await signWith(organization, request, { ...actorChecks, robot: trusting })
    expect(failure).toMatchObject({ type: 'APPROVAL_NOT_BY_APPROVER' })
    expect(types).not.toContain('SigningStarted')
  })
})

describe('a way to authenticate that is not known', () => {
  test('makes requests wait whose approvers used it, until a signer can check it', async () => {
    const { organization, request } = await planned()
    await approveAs(organization, request, (userId) => ({ kind: 'user', userId, authentication: smartCard }))
    expect(await signWith(organization, request)).toMatchObject(waiting)

    const cards: string[] = []
    const checkCard: AuthenticationCheck<SmartCard> = async ({ card }, _event, { user, events }) => {
      cards.push(`${card} of ${user.userId} after ${events.length > 0 ? 'some' : 'no'} events`)
      return undefined
    }
    const user = checkUser({ ...authenticationChecks, smartCard: checkCard })
    expect(await signWith(organization, request, { ...actorChecks, user })).toMatchObject(signed)
    expect(cards).toContain(`a1 of ${organization.approvers[0]} after some events`)
  })
})

const session: WebSession = {
  sessionId: randomUUID() as SessionId,
  signIn: { method: 'openIdConnect', issuer: 'https://login.example', amr: [] },
  authenticatedAt: '2026-01-31T09:30:00.000Z',
}

describe('what this release can write of actors and cannot check yet', () => {
  test.each<[string, (user: UserId, organization: TestOrganization) => Actor]>([
    ['a session', (userId) => ({ kind: 'user', userId, authentication: { method: 'session', ...session } })],
    [
      'an assertion of a passkey',
      (userId) => ({
        kind: 'user',
        userId,
        authentication: { method: 'passkeyAssertion', credentialId: 'q83vEjRWeJA', session },
      }),
    ],
  ])('counts for nothing: %s', async (_what, actorOf) => {
    const { organization, request } = await planned()
    await approveAs(organization, request, (userId) => actorOf(userId, organization))
    expect(await signWith(organization, request)).toMatchObject(waiting)
  })

  test.each<[string, (user: UserId, organization: TestOrganization) => Actor]>([
    [
      'an identity token',
      (userId) => ({
        kind: 'user',
        userId,
        authentication: { method: 'identityToken', issuer: 'https://builds.example', tokenId: 'x' },
      }),
    ],
    [
      'a build system that vouches for the call by something else than a token, though the API token is right',
      (userId, organization) => ({
        ...(byToken(organization)(userId) as Extract<Actor, { kind: 'user' }>),
        vouchedBy: {
          trustedBuildSystemId: randomUUID() as TrustedBuildSystemId,
          proof: { method: 'identityToken', issuer: 'https://builds.example', tokenId: 'x' },
          node: null,
        },
      }),
    ],
  ])('and an approval is not believed by %s', async (_what, actorOf) => {
    const { organization, request } = await planned()
    await approveAs(organization, request, (userId) => actorOf(userId, organization))
    expect(await signWith(organization, request)).toMatchObject({ ...untrusted, recorded: ['EVENT_LOG_UNTRUSTED'] })
  })

  test('and nobody who is not known approves', async () => {
    const { organization, request } = await planned()
    await approveAs(organization, request, () => ({ kind: 'anonymous' }))
    expect(await signWith(organization, request)).toMatchObject(untrusted)
  })
})
