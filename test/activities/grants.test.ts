import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { findInvalidApprovals } from '../../activities/find-invalid-approvals.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type ApiTokenId,
  type ApprovalGranted,
  countedApprovals,
  type DomainEvent,
  eventMetadata,
  type GrantId,
  groupDecider,
  type SigningRequestId,
  streams,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
  type UserActor,
  type UserId,
  userDecider,
  type Voucher,
} from '../../domain/index.ts'
import { type EventLog, prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { newCertificate, useCertificate } from '../support/certificates.ts'
import { grantsOf } from '../support/given-grants.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

/** An organization in which Anna and Bert have given a grant each: what the policy demands. */
async function granted(options: Parameters<typeof testOrganization>[0] = {}) {
  const organization = await testOrganization({ timestamp: 'none', ...options })
  const grants = grantsOf(organization)
  const [anna, bert, cora] = organization.approvers
  const [ofAnna, ofBert] = [await grants.give(anna), await grants.give(bert)]
  return { organization, grants, anna, bert, cora, ofAnna, ofBert }
}

async function approversOf({ request }: TestOrganization, signingRequestId: SigningRequestId) {
  return countedApprovals(await request(signingRequestId)).map(({ approver }) => approver)
}

const tellUser = ({ signer, setup }: TestOrganization, userId: UserId, command: 'DeactivateUser' | 'ReactivateUser') =>
  handleCommand(
    signer,
    setup,
    streams.user(userId),
    userDecider,
    command === 'DeactivateUser' ? { type: command, reason: null } : { type: command },
  )

/** Appends to a stream what nobody decided. */
async function forge({ log, setup }: TestOrganization, stream: string, events: readonly DomainEvent[], by?: UserId) {
  const { revision } = await readWholeStream(log, stream)
  await appendRaw(log, stream, events, revision, setup.organizationId, by)
}

async function approvalByGrant(
  { request, approvers }: TestOrganization,
  signingRequestId: SigningRequestId,
  grantId: GrantId,
  changes: Partial<ApprovalGranted['data']> = {},
): Promise<ApprovalGranted> {
  const approver = approvers[0]
  const planDigest = (await request(signingRequestId)).plan?.digest as ApprovalGranted['data']['planDigest']
  const data = { approver, through: [{ user: approver }], planDigest, comment: null, grantId, ...changes }
  return { type: 'ApprovalGranted', data: { schemaVersion: 3, ...data } }
}

/** A new certificate with a new key, which the policy uses from now on. */
async function giveCertificate(organization: TestOrganization): Promise<void> {
  await useCertificate(organization, (await newCertificate(organization)).certificateId)
}

const actorOf = (userId: UserId): UserActor => {
  const authentication = { method: 'apiToken', tokenId: randomUUID() as ApiTokenId } as const
  return { kind: 'user', userId, authentication }
}

/** Of a build system that says a call comes from it. */
const voucher: Voucher = {
  trustedBuildSystemId: randomUUID() as TrustedBuildSystemId,
  proof: { method: 'token', tokenId: randomUUID() as TrustedBuildSystemTokenId },
  node: null,
}

const reservedFor = (signingRequestId: SigningRequestId) =>
  ({ type: 'GrantUseReserved', data: { schemaVersion: 1, signingRequestId } }) as const

describe('grants', () => {
  it('approve a request that waits, in the order in which they were given, and the signer believes them', async () => {
    const { organization, grants, anna, bert, cora, ofAnna } = await granted()
    const ofCora = await grants.give(cora)
    const { signingRequestId } = await organization.planned()
    await grants.use(signingRequestId)
    expect(await approversOf(organization, signingRequestId)).toEqual([anna, bert])
    expect(await grants.grant(ofAnna)).toMatchObject({ uses: [signingRequestId] })
    // The quorum was reached without it.
    expect(await grants.grant(ofCora)).toMatchObject({ uses: [] })
    await expect(authoriseSigning(organization.signer, signingRequestId)).resolves.toMatchObject({ kind: 'authorised' })
  })

  it('approve once a person, whatever they gave and did', async () => {
    const { organization, grants, anna, bert } = await granted({ approval: { requiredApprovals: 3 } })
    const second = await grants.give(anna)
    const { signingRequestId, plan } = await organization.planned()
    if (plan === null) throw new Error('It was planned.')
    const byHand = { type: 'Approve', approver: bert, groups: [], planDigest: plan.digest, comment: null } as const
    await organization.tell(signingRequestId, byHand, bert)
    await grants.use(signingRequestId)
    expect((await approversOf(organization, signingRequestId)).sort()).toEqual([anna, bert].sort())
    expect(await grants.grant(second)).toMatchObject({ uses: [] })
  })

  it('approve no request that was there before them', async () => {
    const organization = await testOrganization({ timestamp: 'none' })
    const { signingRequestId } = await organization.planned()
    const grants = grantsOf(organization)
    await grants.give(organization.approvers[0])
    await grants.use(signingRequestId)
    expect(await approversOf(organization, signingRequestId)).toEqual([])
  })

  it('never approve what their giver submitted, even where submitters may approve', async () => {
    const organization = await testOrganization({
      timestamp: 'none',
      throughGroups: true,
      approval: { submitterMayApprove: true },
    })
    const { signer, setup, groups, submitter } = organization
    const group = streams.group(groups?.approvers as NonNullable<typeof groups>['approvers'])
    const join = { type: 'ChangeGroupMembers', add: [submitter], remove: [] } as const
    await handleCommand(signer, setup, group, groupDecider, join)
    const grants = grantsOf(organization)
    const grantId = await grants.give(submitter)
    const { signingRequestId } = await organization.planned()
    await grants.use(signingRequestId)
    expect(await approversOf(organization, signingRequestId)).toEqual([])
    expect(await grants.grant(grantId)).toMatchObject({ uses: [] })
  })

  it.each(['between reserving and approving', 'before it answered'])(
    'go on where a process ended %s, and use nothing twice',
    async (when) => {
      const { organization, grants, anna, bert, ofAnna } = await granted()
      const { signingRequestId } = await organization.planned()
      await expect(grants.use(signingRequestId, { log: dying(organization.log, when) })).rejects.toThrow('killed')
      await grants.use(signingRequestId)
      await grants.use(signingRequestId)
      expect(await approversOf(organization, signingRequestId)).toEqual([anna, bert])
      expect(await grants.grant(ofAnna)).toMatchObject({ uses: [signingRequestId] })
      await expect(authoriseSigning(organization.signer, signingRequestId)).resolves.toMatchObject({
        kind: 'authorised',
      })
    },
  )

  it('are used as often as they say by as many processes as there are', async () => {
    const { organization, grants, anna, bert, ofAnna } = await granted()
    const requests = []
    for (let count = 0; count < 12; count += 1) requests.push((await organization.planned()).signingRequestId)
    await Promise.all([...requests, ...requests].map((signingRequestId) => grants.use(signingRequestId)))
    const approved = await Promise.all(requests.map((each) => approversOf(organization, each)))
    for (const giver of [anna, bert]) expect(approved.filter((by) => by.includes(giver))).toHaveLength(3)
    expect((await grants.grant(ofAnna)).uses).toHaveLength(3)
  })

  it('leave what ended to those who asked first: a use is not given back', async () => {
    const { organization, grants, ofAnna } = await granted()
    for (let count = 0; count < 3; count += 1) {
      const { signingRequestId } = await organization.planned()
      await forge(organization, streams.grant(ofAnna), [reservedFor(signingRequestId)])
      await organization.tell(signingRequestId, { type: 'Cancel', canceledBy: organization.submitter, reason: null })
    }
    const { signingRequestId } = await organization.planned()
    await grants.use(signingRequestId)
    expect(await approversOf(organization, signingRequestId)).not.toContain(organization.approvers[0])
  })

  it('approve nothing after their window, also what was reserved in it', async () => {
    const { organization, grants, ofAnna } = await granted()
    const { signingRequestId } = await organization.planned()
    await forge(organization, streams.grant(ofAnna), [reservedFor(signingRequestId)])
    const later = new Date(Date.now() + 7_200_000).toISOString()
    await grants.use(signingRequestId, { now: () => later })
    expect(await approversOf(organization, signingRequestId)).toEqual([])
  })

  it.each<readonly [string, (world: Awaited<ReturnType<typeof granted>>) => Promise<unknown>]>([
    ['they were revoked', ({ grants, anna, ofAnna }) => grants.revoke(anna, ofAnna)],
    ['their giver was deactivated', ({ organization, anna }) => tellUser(organization, anna, 'DeactivateUser')],
    [
      'their giver was deactivated and came back',
      async ({ organization, anna }) => {
        await tellUser(organization, anna, 'DeactivateUser')
        await tellUser(organization, anna, 'ReactivateUser')
      },
    ],
    [
      'their giver left the group of approvers',
      async ({ organization, anna }) => {
        const { signer, setup, groups } = organization
        for (const group of [groups?.approvers, groups?.leads])
          if (group !== undefined)
            await handleCommand(signer, setup, streams.group(group), groupDecider, {
              type: 'ChangeGroupMembers',
              add: [],
              remove: [anna],
            })
      },
    ],
    ['the policy has another certificate', ({ organization }) => giveCertificate(organization)],
  ])('approve nothing once %s, and none of their uses is taken', async (_, change) => {
    const world = await granted({ throughGroups: true })
    const { organization, grants, anna, ofAnna } = world
    await change(world)
    const { signingRequestId } = await organization.planned()
    await grants.use(signingRequestId)
    expect(await approversOf(organization, signingRequestId)).not.toContain(anna)
    expect(await grants.grant(ofAnna)).toMatchObject({ uses: [] })
  })
})

/** A log whose process ends at its first append to a request: before it, or after it. */
function dying(log: EventLog, when: string): EventLog {
  return {
    ...log,
    async append(stream, events, revision) {
      const isApproval = stream.startsWith('signingRequest-')
      if (isApproval && when === 'between reserving and approving') throw new Error('killed')
      const appended = await log.append(stream, events, revision)
      if (isApproval) throw new Error('killed')
      return appended
    },
  }
}

describe('the signer', () => {
  it('does not believe an approval by a grant that was revoked since, and the workflow takes it back', async () => {
    const { organization, grants, anna, ofAnna } = await granted()
    const { signingRequestId } = await organization.planned()
    await grants.use(signingRequestId)
    await grants.revoke(anna, ofAnna)
    await expect(authoriseSigning(organization.signer, signingRequestId)).rejects.toMatchObject({
      code: 'GRANT_REVOKED',
    })
    const { approvals } = await organization.request(signingRequestId)
    await expect(findInvalidApprovals(organization.log)({ approvals })).resolves.toEqual([
      { approver: anna, reason: 'grantRevoked' },
    ])
  })

  it('believes what was approved before the policy was changed, as if it were by hand', async () => {
    const { organization, grants } = await granted()
    const { signingRequestId } = await organization.planned()
    await grants.use(signingRequestId)
    await giveCertificate(organization)
    await expect(authoriseSigning(organization.signer, signingRequestId)).resolves.toMatchObject({ kind: 'authorised' })
  })

  type World = Awaited<ReturnType<typeof granted>>
  /** What the signer says, and of which request: one that has an approval in the name of Anna, who has not approved it. */
  const forgeries: readonly (readonly [string, (world: World) => Promise<SigningRequestId>])[] = [
    ['never given', (world) => approved(world, randomUUID() as GrantId)],
    ['not used for this request', (world) => approved(world, world.ofAnna)],
    [
      'not used for this request',
      async (world) => {
        const signingRequestId = await approved(world, world.ofAnna)
        await reserve(world, world.ofAnna, signingRequestId)
        return signingRequestId
      },
    ],
    [
      'for 1 requests',
      async (world) => {
        const once = await world.grants.give(world.anna, { maximumRequests: 1 })
        await reserve(world, once, randomUUID() as SigningRequestId)
        return reservedAndApproved(world, once)
      },
    ],
    ['of somebody else', (world) => reservedAndApproved(world, world.ofBert)],
    ['in the name of somebody', async (world) => reservedAndApproved(world, await givenBy(world, actorOf(world.bert)))],
    [
      'by a call that came from a build',
      async (world) => reservedAndApproved(world, await givenBy(world, { ...actorOf(world.anna), vouchedBy: voucher })),
    ],
    [
      'by a call that came from a build',
      async (world) => {
        const authentication = { method: 'identityToken', issuer: 'https://example.org', tokenId: 'job' } as const
        return reservedAndApproved(world, await givenBy(world, { ...actorOf(world.anna), authentication }))
      },
    ],
    [
      'other file names',
      async (world) => reservedAndApproved(world, await world.grants.give(world.anna, { fileNames: ['other.exe'] })),
    ],
    [
      'in force from',
      async (world) => {
        const from = new Date(Date.now() + 600_000).toISOString()
        return reservedAndApproved(world, await world.grants.give(world.anna, { from }))
      },
    ],
    [
      'after the request',
      async (world) => {
        const { signingRequestId } = await world.organization.planned()
        const grantId = await world.grants.give(world.anna)
        await reserve(world, grantId, signingRequestId)
        await approve(world.organization, signingRequestId, grantId)
        return signingRequestId
      },
    ],
  ]

  /** A grant of Anna's, for which the log says that somebody gave it. */
  async function givenBy({ organization, ofAnna }: World, actor: UserActor): Promise<GrantId> {
    const { log, setup } = organization
    const { events } = await readWholeStream(log, streams.grant(ofAnna))
    const grantId = randomUUID() as GrantId
    const given = { type: 'GrantGiven', data: { ...events[0]?.data, grantId, schemaVersion: 1 } } as const
    const about = { organizationId: setup.organizationId, occurredAt: new Date().toISOString() }
    const metadata = eventMetadata({ actor, callId: randomUUID() }, about)
    const stream = streams.grant(grantId)
    await log.append(stream, prepareEvents(stream, 'noStream', [given], metadata), 'noStream')
    return grantId
  }

  async function expectRefused({ organization, bert }: World, signingRequestId: SigningRequestId, why: string) {
    const { plan } = await organization.request(signingRequestId)
    if (plan === null) throw new Error('It was planned.')
    const byHand = { type: 'Approve', approver: bert, groups: [], planDigest: plan.digest, comment: null } as const
    await organization.tell(signingRequestId, byHand, bert)
    await expect(authoriseSigning(organization.signer, signingRequestId)).rejects.toMatchObject({
      code: 'APPROVAL_NOT_BY_GRANT',
      message: expect.stringMatching(why),
    })
  }

  it('refuses an approval that a grant does not give, and says why', async () => {
    const world = await granted()
    for (const [why, forgery] of forgeries) await expectRefused(world, await forgery(world), why)
  })

  it('refuses an approval by a grant for what the policy demanded before', async () => {
    const world = await granted()
    await giveCertificate(world.organization)
    await expectRefused(world, await reservedAndApproved(world, world.ofAnna), 'by the certificate')
  })

  it('refuses an approval by a grant of somebody who was deactivated in between', async () => {
    const world = await granted()
    await tellUser(world.organization, world.anna, 'DeactivateUser')
    await tellUser(world.organization, world.anna, 'ReactivateUser')
    await expectRefused(world, await reservedAndApproved(world, world.ofAnna), 'deactivated since')
  })

  async function reserve({ organization }: World, grantId: GrantId, signingRequestId: SigningRequestId) {
    await forge(organization, streams.grant(grantId), [reservedFor(signingRequestId)])
  }

  async function approved({ organization }: World, grantId: GrantId): Promise<SigningRequestId> {
    const { signingRequestId } = await organization.planned()
    await approve(organization, signingRequestId, grantId)
    return signingRequestId
  }

  async function reservedAndApproved(world: World, grantId: GrantId): Promise<SigningRequestId> {
    const { signingRequestId } = await world.organization.planned()
    await reserve(world, grantId, signingRequestId)
    await approve(world.organization, signingRequestId, grantId)
    return signingRequestId
  }

  async function approve(organization: TestOrganization, signingRequestId: SigningRequestId, grantId: GrantId) {
    const approval = await approvalByGrant(organization, signingRequestId, grantId)
    await forge(organization, streams.signingRequest(signingRequestId), [approval])
  }
})
