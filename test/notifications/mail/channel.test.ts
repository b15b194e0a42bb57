import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Sha256Digest, type SigningRequestId, streams } from '../../../domain/index.ts'
import { type RecordedEvent, readWholeStream } from '../../../event-log/index.ts'
import { attemptMail } from '../../../notifications/mail/index.ts'
import { type Mailing, mailing } from '../../support/mailing.ts'
import { aPlan } from '../../support/submission.ts'
import type { TestCaller } from '../../support/test-application.ts'

const planDigest = 'cd'.repeat(32) as Sha256Digest
const bytes = 'a program'
const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256Digest
const artifact = { fileName: 'setup.exe', sha256, size: bytes.length }

/** Somebody submitted, and a plan waits for the approval of one of two. */
async function waitingRequest(world: Mailing) {
  const [sam, anna, bert] = [await world.person('Sam'), await world.person('Anna'), await world.person('Bert')]
  await world.test.policy({ submitters: [sam], approval: { requiredApprovals: 1, approvers: [anna, bert, sam] } })
  const id = await world.test.submit(sam)
  await world.test.tell(id, { type: 'RecordRetrieval', artifact })
  await world.test.tell(id, { type: 'RecordPlan', planDigest, ...aPlan, at: world.test.clock.now })
  return { sam, anna, bert, id }
}

const approve = ({ test }: Mailing, by: TestCaller, signingRequestId: SigningRequestId) =>
  test.application.approveSigningRequest(by, { signingRequestId, planDigest, comment: null })

const told = (mails: readonly { readonly to: string; readonly text: string }[]) =>
  mails.map(({ to, text }) => `${to}: ${text.split('\n')[0]}`).sort()

describe('mails about a signing request', () => {
  it('ask the approvers who may, tell the others when it is decided, and the submitter how it ended, in one thread', async () => {
    const world = await mailing()
    const { anna, id } = await waitingRequest(world)
    const asked = await world.deliver()
    expect(told(asked)).toEqual([
      'anna@example.test: Sam asks for your approval to sign setup.exe.',
      'bert@example.test: Sam asks for your approval to sign setup.exe.',
    ])
    const [{ text = '', thread, subject } = { text: undefined }] = asked
    for (const said of [planDigest, 'setup.exe', 'tool/release', aPlan.certificateThumbprint, 'Approvals: 0 of 1', id])
      expect(text).toContain(said)
    expect(text).toContain(`https://sign.corp.test/signing-requests/${id}`)

    await approve(world, anna, id)
    const decided = await world.deliver()
    expect(told(decided)).toEqual([
      'bert@example.test: The signing request was approved by Anna; your approval is not needed any more.',
    ])
    await world.test.tell(id, {
      type: 'Fail',
      workflowStatus: 'ProcessingFailed',
      failure: { code: 'PE_TRUNCATED', message: 'It ends early.', path: ['setup.exe'] },
    })
    const ended = await world.deliver()
    expect(told(ended)).toEqual(['sam@example.test: The signing request failed: PE_TRUNCATED'])
    for (const mail of [...decided, ...ended]) expect(mail).toMatchObject({ thread, subject })
    expect(new Set([...asked, ...decided, ...ended].map(({ id: each }) => each)).size).toBe(4)
  })

  it('tell the submitter and the others of a denial, and nobody who decided', async () => {
    const world = await mailing()
    const { bert, id } = await waitingRequest(world)
    await world.deliver()
    await world.test.application.denySigningRequest(bert, { signingRequestId: id, comment: 'not\nnow' })
    expect(told(await world.deliver())).toEqual([
      'anna@example.test: Bert denied the signing request: not now',
      'sam@example.test: Bert denied the signing request: not now',
    ])
  })

  it('ask nobody any more once others have decided, however late they are sent', async () => {
    const world = await mailing()
    const { anna, id } = await waitingRequest(world)
    const late = await world.collect()
    await approve(world, anna, id)
    for (const each of late) expect(await world.attempt(each)).toMatchObject({ next: 'nothing' })
    expect(world.sent).toEqual([])
    expect(await world.store.find(String(late[0]?.id))).toMatchObject({ status: 'canceled' })
  })
})

describe('a mail that asks for approval', () => {
  it('says what a build system claims of the origin, as a claim', async () => {
    const world = await mailing()
    const { id } = await waitingRequest(world)
    const { log } = world.test.dependencies
    const { events } = await readWholeStream(log, streams.signingRequest(id))
    const claimedOrigin = {
      trustedBuildSystemId: crypto.randomUUID(),
      repositoryData: {
        url: 'https://git.test/tool',
        branchName: 'main',
        commitId: 'abc',
        sourceControlManagementType: 'git',
      },
      buildData: null,
    }
    // The log as it would be had the submission come from a build.
    const [submitted, ...others] = events
    const claimed = [
      { ...submitted, data: { ...submitted?.data, claimedOrigin } },
      ...others,
    ] as readonly RecordedEvent[]
    const reading = {
      readStream: (streamId: string, options?: never) =>
        streamId === streams.signingRequest(id) ? listed(claimed) : log.readStream(streamId, options),
    }
    const sources = { ...world.dependencies.sources, log: reading as never }
    const [waiting] = await world.collect()
    await attemptMail({ ...world.dependencies, sources }, { id: String(waiting?.id), round: 0, attempt: 1 })
    const [{ text = '' } = { text: '' }] = world.sent
    for (const said of ['Claimed repository: https://git.test/tool', 'Claimed branch: main', 'Claimed commit: abc'])
      expect(text).toContain(said)
  })
})

async function* listed(events: readonly RecordedEvent[]) {
  yield events
}

describe('who gets a mail', () => {
  it('is who wants it, now: not whoever turned it off, left, or was erased meanwhile', async () => {
    const world = await mailing()
    const { sam, anna, bert } = await waitingRequest(world)
    const { application, setup } = { ...world.test }
    const cora = await world.person('Cora', 'globalAdministrator')
    const waiting = await world.collect()
    expect(waiting).toHaveLength(2)
    await application.changeNotificationPreferences(anna, { preferences: { approvalRequested: 'never' } })
    await application.eraseUser(setup, { userId: bert.userId })
    for (const each of waiting) await world.attempt(each)
    expect(world.sent).toEqual([])
    await application.deactivateUser(cora, { userId: sam.userId, reason: null })
    await application.grantGlobalRole(cora, { userId: anna.userId, role: 'globalAdministrator' })
    expect(told(await world.deliver())).toEqual(['cora@example.test: Anna is a Global Administrator now.'])
  })

  it('is told once, whatever part of the log is read again', async () => {
    const world = await mailing()
    await waitingRequest(world)
    const first = await world.collect()
    await world.store.beginAnew('mail', world.test.clock.now)
    expect((await world.collect()).map(({ id }) => id).sort()).toEqual(first.map(({ id }) => id).sort())
  })

  it('is told of nothing that happened long before mail was turned on', async () => {
    const world = await mailing()
    await waitingRequest(world)
    world.test.clock.now = '2026-03-05T12:00:00.000Z'
    expect(await world.collect()).toEqual([])
  })
})

describe('what waits to be sent', () => {
  it('holds ids and places in the log, and no name, address or text', async () => {
    const world = await mailing()
    const { sam } = await waitingRequest(world)
    await world.test.application.inviteUser(world.test.setup, { email: 'ivy@example.test', name: 'Ivy', roles: [] })
    const waiting = await world.collect()
    expect(waiting).toHaveLength(3)
    const text = JSON.stringify(waiting)
    for (const secret of ['Sam', 'Anna', 'Ivy', 'example.test', 'setup.exe', 'csi_']) expect(text).not.toContain(secret)
    expect(text).not.toContain(sam.userId)
  })
})

describe('the mail of the day', () => {
  it('has what was collected until its hour, once, and is sent by nobody before', async () => {
    const world = await mailing()
    const cora = await world.person('Cora', 'globalAdministrator')
    const { application, clock } = world.test
    await application.changeNotificationPreferences(cora, { preferences: { administratorAdded: 'daily' } })
    for (const name of ['Ed', 'Flo']) {
      const { userId } = await world.person(name)
      await application.grantGlobalRole(cora, { userId, role: 'globalAdministrator' })
      await application.withdrawGlobalRole(cora, { userId, role: 'globalAdministrator' })
    }
    const digests = await world.collect()
    expect(digests).toHaveLength(1)
    const [digest = { id: '' }] = digests
    expect(await world.attempt(digest)).toEqual({ next: 'notYet', pauseMs: (18 * 60 + 5) * 60_000 })
    clock.now = '2026-03-02T06:05:00.000Z'
    expect(await world.attempt(digest)).toMatchObject({ next: 'nothing' })
    expect(world.sent).toHaveLength(1)
    const [{ to, text = '', unsubscribe } = { text: '' }] = world.sent
    expect(to).toBe('cora@example.test')
    for (const name of ['Ed', 'Flo']) expect(text).toContain(`${name} is a Global Administrator now.`)
    expect(text).toContain(String(unsubscribe))
    expect(await world.attempt(digest)).toMatchObject({ next: 'nothing' })
    expect(world.sent).toHaveLength(1)
  })

  it('takes what would be more than somebody can read in an hour', async () => {
    const world = await mailing()
    const cora = await world.person('Cora', 'globalAdministrator')
    const { userId } = await world.person('Ed')
    for (let times = 0; times < 62; times += 1) {
      await world.test.application.grantGlobalRole(cora, { userId, role: 'globalAdministrator' })
      await world.test.application.withdrawGlobalRole(cora, { userId, role: 'globalAdministrator' })
    }
    const waiting = await world.collect()
    const digests = waiting.filter(({ content }) => JSON.parse(content).about === 'digest')
    expect([waiting.length, digests.length]).toEqual([61, 1])
  })
})
