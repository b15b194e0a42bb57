import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type Actor,
  type DomainEvent,
  eventMetadata,
  type Instant,
  type NodeStatement,
  organizationDecider,
  type SigningRequest,
  streams,
  type TrustedBuildSystemCommand,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
  trustedBuildSystemDecider,
  type UserId,
  type Voucher,
} from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { buildNode, newStatementSigner, recordedNode } from '../support/proxy-statements.ts'
import { references } from '../support/submission.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const installation = testInstallation()

/** An organization whose policy demands a trusted build system, whose signer believes only what could have been. */
async function demanding(approvers = 0) {
  const approval = approvers === 0 ? null : { requiredApprovals: approvers }
  const organization = await testOrganization({ buildSystem: true, approval, timestamp: 'none', installation })
  if (organization.vouched === undefined) throw new Error('There is no build system')
  return { ...organization, vouched: organization.vouched }
}

type Demanding = Awaited<ReturnType<typeof demanding>>

const streamOf = ({ vouched }: Demanding) => streams.trustedBuildSystem(vouched.vouchedBy.trustedBuildSystemId)

const tell = (organization: Demanding, command: TrustedBuildSystemCommand) =>
  handleCommand(organization.signer, organization.setup, streamOf(organization), trustedBuildSystemDecider, command)

/** Appends to the build system's stream, whatever the rules say, as whoever can write to the log may. */
async function happens(
  organization: Pick<TestOrganization, 'log' | 'setup'>,
  streamId: string,
  event: DomainEvent,
  { actor = { kind: 'system', component: 'setup' }, at }: { readonly actor?: Actor; readonly at?: Instant } = {},
): Promise<void> {
  const { revision } = await readWholeStream(organization.log, streamId)
  const { organizationId } = organization.setup
  const about = { organizationId, occurredAt: at ?? new Date().toISOString() }
  const metadata = eventMetadata({ actor, callId: randomUUID() }, about)
  await organization.log.append(streamId, prepareEvents(streamId, revision, [event], metadata), revision)
}

const event = (type: string, data: object = {}) => ({ type, data: { schemaVersion: 1, ...data } }) as DomainEvent

/** `signed`, or the code of what the signer says. */
async function sign({ signer }: TestOrganization, { signingRequestId }: SigningRequest): Promise<string> {
  const { sign: signIt } = signerActivities({ ...signer, recordRefusal: async () => undefined })
  return new MockActivityEnvironment().run(signIt, { signingRequestId, fromRevision: 0 }).then(
    () => 'signed',
    (error: { type?: string; message: string }) => error.type ?? error.message,
  )
}

describe('a request to a policy that demands a trusted build system', () => {
  test('is signed when one vouched that was linked and enabled then, and is now, whatever happened between', async () => {
    const organization = await demanding()
    const request = await organization.planned()
    await tell(organization, { type: 'UnlinkProject', projectId: organization.projectId })
    expect(await sign(organization, request)).toBe('TRUSTED_BUILD_SYSTEM_NOT_LINKED')
    await tell(organization, { type: 'LinkProject', projectId: organization.projectId, settings: {}, secrets: [] })
    await tell(organization, { type: 'DisableTrustedBuildSystem', reason: null })
    expect(await sign(organization, request)).toBe('TRUSTED_BUILD_SYSTEM_DISABLED')
    await tell(organization, { type: 'EnableTrustedBuildSystem' })
    // The token worked when it was submitted.
    const token = { tokenId: randomUUID() as TrustedBuildSystemTokenId, tokenHash: 'a'.repeat(64), prefix: 'abcdef' }
    await tell(organization, { type: 'RotateToken', token, previousTokenValidUntil: null, at: '' })
    expect(await sign(organization, request)).toBe('signed')
  })

  test('is not when none vouched, or a person submitted it', async () => {
    const organization = await demanding()
    const { vouchedBy, ...call } = organization.vouched
    const alone = await organization.planned(undefined, undefined, { actor: call })
    expect(await sign(organization, alone)).toBe('TRUSTED_BUILD_SYSTEM_REQUIRED')
    const byService = await organization.planned(undefined, undefined, { actor: { kind: 'system', component: 'x' } })
    expect(await sign(organization, byService)).toBe('TRUSTED_BUILD_SYSTEM_REQUIRED')
    const submitter = organization.approvers[0]
    const tokenId = organization.tokenIds.get(submitter)
    if (tokenId === undefined) throw new Error('There is no token')
    const authentication = { method: 'apiToken', tokenId } as const
    const byPerson = await organization.planned(undefined, undefined, {
      submitter,
      actor: { kind: 'user', userId: submitter, authentication, vouchedBy },
    })
    expect(await sign(organization, byPerson)).toBe('POLICY_MISMATCH')
    // Even where the policy names the person, which no API process lets it.
    const policy = streams.signingPolicy(organization.signingPolicyId)
    const [created] = (await readWholeStream(organization.log, policy)).events
    const settings = { ...(created?.data.settings as object), submitters: references(submitter) }
    const changed = { type: 'SigningPolicyChanged', data: { schemaVersion: 3, version: 2, settings } } as DomainEvent
    await happens(organization, policy, changed)
    const named = await organization.planned(undefined, undefined, {
      submitter,
      actor: { kind: 'user', userId: submitter, authentication, vouchedBy },
    })
    expect(await sign(organization, named)).toBe('SUBMITTER_NOT_CI_USER')
  })

  test.each<[string, string, TrustedBuildSystemCommand, TrustedBuildSystemCommand]>([
    [
      'linked',
      'TRUSTED_BUILD_SYSTEM_NOT_LINKED',
      { type: 'UnlinkProject', projectId: '' as never },
      { type: 'LinkProject', projectId: '' as never, settings: {}, secrets: [] },
    ],
    [
      'enabled',
      'TRUSTED_BUILD_SYSTEM_DISABLED',
      { type: 'DisableTrustedBuildSystem', reason: null },
      { type: 'EnableTrustedBuildSystem' },
    ],
  ])('is not when the build system was not %s then, though it is now', async (_, code, before, after) => {
    const organization = await demanding()
    const { projectId } = organization
    const inProject = (command: TrustedBuildSystemCommand) =>
      'projectId' in command ? { ...command, projectId } : command
    await tell(organization, inProject(before))
    const request = await organization.planned()
    await tell(organization, inProject(after))
    expect(await sign(organization, request)).toBe(code)
  })

  test('is not believed when the build system was not there, or its token did not work', async () => {
    const organization = await demanding()
    const { vouched } = organization
    const { vouchedBy } = vouched
    const submitted = (changed: object) =>
      organization.planned(undefined, undefined, { actor: { ...vouched, vouchedBy: { ...vouchedBy, ...changed } } })
    const nobodys = await submitted({ trustedBuildSystemId: randomUUID() as TrustedBuildSystemId })
    const tokenId = randomUUID() as TrustedBuildSystemTokenId
    const otherToken = await submitted({ proof: { method: 'token', tokenId } })
    for (const request of [nobodys, otherToken]) expect(await sign(organization, request)).toBe('EVENT_LOG_UNTRUSTED')
    // A release that knows another way to prove the node can go on.
    expect(await sign(organization, await submitted({ node: recordedNode }))).toBe('EVENT_ACTOR_UNKNOWN')
    // That it is linked with the project proves nothing where the policy verifies no origin.
    expect(await sign(organization, await submitted({ proof: { method: 'link' } }))).toBe(
      'TRUSTED_BUILD_SYSTEM_REQUIRED',
    )

    const anHourAgo = new Date(Date.now() - 3_600_000).toISOString()
    const issued = (until: Instant | null) =>
      event('TrustedBuildSystemTokenIssued', {
        tokenId,
        tokenHash: 'a'.repeat(64),
        prefix: 'abcdef',
        previousTokenValidUntil: until,
      })
    await happens(organization, streamOf(organization), issued(new Date(Date.now() + 3_600_000).toISOString()), {
      at: anHourAgo,
    })
    expect(await sign(organization, await submitted({}))).toBe('signed')
    const third = event('TrustedBuildSystemTokenIssued', {
      tokenId: randomUUID(),
      tokenHash: 'b'.repeat(64),
      prefix: 'abcdef',
      previousTokenValidUntil: null,
    })
    await happens(organization, streamOf(organization), third, { at: anHourAgo })
    expect(await sign(organization, await submitted({}))).toBe('EVENT_LOG_UNTRUSTED')
    expect(await sign(organization, await submitted({ proof: { method: 'token', tokenId } }))).toBe(
      'EVENT_LOG_UNTRUSTED',
    )
    await happens(organization, streamOf(organization), event('TrustedBuildSystemDisabled', { reason: null }), {
      at: anHourAgo,
    })
    const { tokenId: newest } = third.data as unknown as { readonly tokenId: TrustedBuildSystemTokenId }
    const disabled = await submitted({ proof: { method: 'token', tokenId: newest } })
    expect(await sign(organization, disabled)).toBe('EVENT_LOG_UNTRUSTED')
  })

  test.each(['TrustedBuildSystemLinked', 'TrustedBuildSystemEnabled', 'TrustedBuildSystemTokenIssued'])(
    'is not when a %s that the organization controls was approved by nobody',
    async (type) => {
      const organization = await demanding()
      const { signer, setup, projectId, vouched } = organization
      const control = { requiredApprovals: 1, lifetimeSeconds: 86_400 }
      await handleCommand(signer, setup, streams.organization(setup.organizationId), organizationDecider, {
        type: 'ChangeChangeControl',
        changeControl: control,
        administrators: 3,
      })
      // What was so before changes were controlled holds.
      expect(await sign(organization, await organization.planned())).toBe('signed')
      const tokenId = randomUUID() as TrustedBuildSystemTokenId
      if (type === 'TrustedBuildSystemLinked') await tell(organization, { type: 'UnlinkProject', projectId })
      if (type === 'TrustedBuildSystemEnabled')
        await tell(organization, { type: 'DisableTrustedBuildSystem', reason: null })
      const data = { tokenId, tokenHash: 'a'.repeat(64), prefix: 'abcdef', previousTokenValidUntil: null, projectId }
      await happens(organization, streamOf(organization), event(type, data))
      const proof =
        type === 'TrustedBuildSystemTokenIssued' ? ({ method: 'token', tokenId } as const) : vouched.vouchedBy.proof
      const actor = { ...vouched, vouchedBy: { ...vouched.vouchedBy, proof } }
      const request = await organization.planned(undefined, undefined, { actor })
      expect(await sign(organization, request)).toBe('RULE_CHANGE_NOT_APPROVED')
    },
  )
})

describe('a request that a job submitted by its identity token alone', () => {
  const issuer = 'https://gitlab.example.com'
  const proof = { method: 'identityToken', issuer, tokenId: 'job-1' } as const

  /** An organization whose link names the submitter, and what a signer says of a request that a job submitted. */
  async function withJobs() {
    const made = await testOrganization({ buildSystem: 'gitlabCi', approval: null, timestamp: 'none', installation })
    if (made.vouched === undefined) throw new Error('There is no build system')
    const organization = { ...made, vouched: made.vouched }
    const { projectId, submitter, vouched } = organization
    const settings = { serverUrl: issuer, audience: 'us', projectId: 7, namespaceId: 3, submitter }
    const change = (changed: object = {}) =>
      tell(organization, { type: 'ChangeLink', projectId, settings: { ...settings, ...changed }, secrets: [] })
    const actor = { ...vouched, authentication: proof, vouchedBy: { ...vouched.vouchedBy, proof } }
    const signed = async (changed: object = {}) =>
      sign(organization, await organization.planned(undefined, undefined, { actor: { ...actor, ...changed } }))
    return { organization, change, signed, actor }
  }

  test('is signed where the link names the user and the issuer, and believed by nothing less', async () => {
    const { organization, change, signed, actor } = await withJobs()
    expect(await signed()).toBe('EVENT_LOG_UNTRUSTED')
    await change()
    expect(await signed()).toBe('signed')
    const other = { ...proof, tokenId: 'job-2' }
    expect(await signed({ authentication: other })).toBe('EVENT_LOG_UNTRUSTED')
    expect(await signed({ authentication: { ...proof, issuer: 'https://other' } })).toBe('EVENT_LOG_UNTRUSTED')
    const ofOther = { ...proof, issuer: 'https://other.example' }
    const vouchedBy = { ...actor.vouchedBy, proof: ofOther }
    expect(await signed({ authentication: ofOther, vouchedBy })).toBe('EVENT_LOG_UNTRUSTED')
    expect(await signed({ vouchedBy: undefined })).toBe('EVENT_LOG_UNTRUSTED')
    await change({ submitter: organization.approvers[0] })
    expect(await signed()).toBe('EVENT_LOG_UNTRUSTED')
  })

  test('is not when the organization controls the change that named the user, and nobody approved that', async () => {
    const { organization, change, signed } = await withJobs()
    const { signer, setup } = organization
    await handleCommand(signer, setup, streams.organization(setup.organizationId), organizationDecider, {
      type: 'ChangeChangeControl',
      changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
      administrators: 3,
    })
    const { projectId, submitter } = organization
    const settings = { serverUrl: issuer, audience: 'us', projectId: 7, namespaceId: 3, submitter }
    const data = { projectId, settings, secrets: [] }
    await happens(organization, streamOf(organization), event('TrustedBuildSystemLinkChanged', data))
    expect(await signed()).toBe('RULE_CHANGE_NOT_APPROVED')
    await expect(change()).rejects.toThrow()
  })
})

describe('a request that came by an authentication proxy', () => {
  const hour = 3_600_000
  const from = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString()

  /** An organization whose build system has a proxy, since an hour. */
  async function withProxy() {
    const organization = await demanding()
    const { vouched } = organization
    const { trustedBuildSystemId } = vouched.vouchedBy
    const proxy = newStatementSigner()
    const registered = (by = proxy) => event('TrustedBuildSystemProxyKeyRegistered', by.key)
    const register = (at: Instant, by = proxy) => happens(organization, streamOf(organization), registered(by), { at })
    const state = (said: Partial<NodeStatement> = {}, by = proxy) => by.state({ trustedBuildSystemId, ...said })
    const signed = async (changed: Partial<Voucher>) => {
      const actor = { ...vouched, vouchedBy: { ...vouched.vouchedBy, ...changed } }
      return sign(organization, await organization.planned(undefined, undefined, { actor }))
    }
    return { organization, proxy, register, state, signed }
  }

  test('is signed when a key that was registered then signed what it says of the node, and not by less', async () => {
    const { organization, proxy, register, state, signed } = await withProxy()
    const node = recordedNode
    expect(await signed({ node, nodeStatement: state() })).toBe('EVENT_LOG_UNTRUSTED')
    await register(from(-hour))
    expect(await signed({ node, nodeStatement: state() })).toBe('signed')
    for (const wrong of [
      // Past the proxy, with its token.
      { node: null },
      { node: { ...node, subject: 'CN=other' }, nodeStatement: state() },
      { node: null, nodeStatement: state() },
      { node, nodeStatement: state({ node: { ...buildNode, ruleSet: 'other' } }) },
      { node, nodeStatement: state({}, newStatementSigner()) },
      { node, nodeStatement: 'a.b.c' },
      { node, nodeStatement: state({ trustedBuildSystemId: randomUUID() }) },
      { node, nodeStatement: state({ issuedAt: from(hour) }) },
      { node, nodeStatement: state({ issuedAt: from(-25 * hour) }) },
    ])
      expect(await signed(wrong), JSON.stringify(wrong)).toBe('EVENT_LOG_UNTRUSTED')
    // A large upload takes its time.
    expect(await signed({ node, nodeStatement: state({ issuedAt: from(-2 * hour) }) })).toBe('signed')

    const removed = event('TrustedBuildSystemProxyKeyRemoved', { keyId: proxy.key.keyId, reason: null })
    await happens(organization, streamOf(organization), removed, { at: from(-60_000) })
    // It may have been under way.
    expect(await signed({ node, nodeStatement: state() })).toBe('signed')
    await register(from(-60_000))
    await happens(organization, streamOf(organization), removed, { at: from(-600_000) })
    expect(await signed({ node, nodeStatement: state() })).toBe('EVENT_LOG_UNTRUSTED')
    expect(await signed({ node: null })).toBe('EVENT_LOG_UNTRUSTED')
  })

  test('is signed without a proxy when that was registered while the call was under way', async () => {
    const { register, signed } = await withProxy()
    await register(from(-60_000))
    expect(await signed({ node: null })).toBe('signed')
  })

  test('is not when the organization controls its key, and nobody approved that', async () => {
    const { organization, register, state, signed } = await withProxy()
    const { signer, setup } = organization
    const control = { requiredApprovals: 1, lifetimeSeconds: 86_400 }
    await handleCommand(signer, setup, streams.organization(setup.organizationId), organizationDecider, {
      type: 'ChangeChangeControl',
      changeControl: control,
      administrators: 3,
    })
    await register(from(0))
    expect(await signed({ node: recordedNode, nodeStatement: state() })).toBe('RULE_CHANGE_NOT_APPROVED')
  })
})

test('an approval that a build system vouches for does not count, though it could have been given', async () => {
  const organization = await demanding(1)
  const { vouched, approvers, tokenIds } = organization
  const request = await organization.planned()
  const [approver] = approvers
  const approved = (by: UserId) =>
    event('ApprovalGranted', {
      approver: by,
      through: references(by),
      planDigest: request.plan?.digest,
      comment: null,
    })
  const actor: Actor = {
    kind: 'user',
    userId: approver,
    authentication: { method: 'apiToken', tokenId: tokenIds.get(approver) as never },
    vouchedBy: vouched.vouchedBy,
  }
  await happens(organization, streams.signingRequest(request.signingRequestId), approved(approver), { actor })
  expect(await sign(organization, request)).toBe('APPROVAL_FROM_BUILD')
})

test('who made the token of a build system is not behind what it vouches for just by that', async () => {
  const organization = await demanding(1)
  const { vouched, approvers, tokenIds } = organization
  const [approver] = approvers
  const tokenId = randomUUID() as TrustedBuildSystemTokenId
  const data = { tokenId, tokenHash: 'a'.repeat(64), prefix: 'abcdef', previousTokenValidUntil: null }
  const authentication = { method: 'apiToken', tokenId: tokenIds.get(approver) as never } as const
  const actor: Actor = { kind: 'user', userId: approver, authentication }
  await happens(organization, streamOf(organization), event('TrustedBuildSystemTokenIssued', data), { actor })
  const byNewToken = { ...vouched, vouchedBy: { ...vouched.vouchedBy, proof: { method: 'token', tokenId } as const } }
  const request = await organization.planned(undefined, undefined, { actor: byNewToken })
  const command = {
    type: 'Approve',
    approver,
    groups: [],
    planDigest: request.plan?.digest as never,
    comment: null,
  } as const
  await organization.tell(request.signingRequestId, command, approver)
  expect(await sign(organization, request)).toBe('signed')
})
