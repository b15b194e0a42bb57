import { describe, expect, it } from 'vitest'
import { apiTokenHash, invitationTokenText } from '../../application/api-token.ts'
import { createApplication } from '../../application/index.ts'
import { proveEmailAddress } from '../../application/invite-user.ts'
import { load } from '../../application/load.ts'
import { Setup } from '../../application/setup.ts'
import { streams, type UserId, userDecider } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { shownInvitation } from '../support/shown-invitation.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

const from = '192.0.2.7'
const address = { email: 'ivy@example.org', name: 'Ivy', roles: [] } as const

const code = (error: unknown) => (error as { readonly code?: string }).code
const refusedWith = (promise: Promise<unknown>) => promise.then(() => 'nothing', code)

function accept(test: TestApplication, invitation: string, application = test.application) {
  return application.acceptInvitation({ invitation, tokenName: 'laptop' }, from)
}

async function stateOf({ dependencies: { log } }: TestApplication, userId: UserId) {
  const { state } = await load(log, streams.user(userId), userDecider)
  if (state.status === 'none') throw new Error('There is no such user.')
  return state
}

async function organization() {
  const test = await testApplication()
  const administrator = await test.user('Ada', 'globalAdministrator')
  return { test, administrator, invite: () => shownInvitation(test.application.inviteUser(administrator, address)) }
}

/** The token of nobody's invitation of this user, in its right form. */
const forged = (userId: UserId) => invitationTokenText(userId, 'x'.repeat(43))

describe('an invitation', () => {
  it('lets whoever holds its token act, with a first token of their own, and nobody before', async () => {
    const { test, administrator, invite } = await organization()
    const { userId, token, expiresAt } = await invite()
    expect(token).toMatch(/^csi_[0-9a-f]{32}_[0-9A-Za-z]{49}$/)
    expect(expiresAt).toBe('2026-03-15T12:00:00.000Z')
    expect(await stateOf(test, userId)).toMatchObject({ status: 'invited' })
    const firstToken = { userId, name: 'for them', expiresAt: null }
    for (const [by, refusal] of [
      [administrator, 'FORBIDDEN'],
      [test.setup, 'USER_INVITED'],
    ] as const)
      expect(await refusedWith(test.application.issueApiToken(by, firstToken))).toBe(refusal)

    const accepted = await accept(test, token)
    expect(await stateOf(test, userId)).toMatchObject({ status: 'active', tokens: [{ name: 'laptop' }] })
    const caller = await test.application.authenticate({ apiToken: accepted.token }, from)
    expect(caller).toMatchObject({ userId, authentication: { tokenId: accepted.tokenId } })
    const { events } = await readWholeStream(test.dependencies.log, streams.user(userId))
    expect(events.slice(-2)).toMatchObject([
      { type: 'InvitationAccepted', metadata: { actor: { kind: 'user', userId }, remoteAddress: from } },
      { type: 'ApiTokenIssued', metadata: { actor: { authentication: { signIn: { method: 'invitation' } } } } },
    ])
    const logged = JSON.stringify(events, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    for (const secret of [token, accepted.token, address.email, address.name]) expect(logged).not.toContain(secret)
    expect(logged).toContain(apiTokenHash(token))
  })

  it.each<[string, string, (world: Awaited<ReturnType<typeof organization>>, userId: UserId) => Promise<unknown>]>([
    ['is used', 'INVITATION_ACCEPTED', async ({ test }) => void test],
    [
      'was sent again',
      'INVITATION_REVOKED',
      ({ test, administrator }, userId) => test.application.resendInvitation(administrator, { userId }),
    ],
    [
      'is revoked',
      'INVITATION_REVOKED',
      ({ test, administrator }, userId) => test.application.revokeInvitation(administrator, { userId }),
    ],
    [
      'is 14 days old',
      'INVITATION_EXPIRED',
      async ({ test: { clock } }) => Object.assign(clock, { now: '2026-03-15T12:00:00.000Z' }),
    ],
    [
      'is of who was deactivated',
      'USER_DEACTIVATED',
      ({ test, administrator }, userId) => test.application.deactivateUser(administrator, { userId, reason: null }),
    ],
    [
      'is of who was erased',
      'INVITATION_REVOKED',
      ({ test, administrator }, userId) => test.application.eraseUser(administrator, { userId }),
    ],
  ])('that %s is refused, which its holder may know', async (what, refusal, happens) => {
    const world = await organization()
    const { userId, token } = await world.invite()
    if (what === 'is used') await accept(world.test, token)
    else await happens(world, userId)
    const { events: before } = await readWholeStream(world.test.dependencies.log, streams.user(userId))
    expect(await refusedWith(accept(world.test, token))).toBe(refusal)
    expect((await readWholeStream(world.test.dependencies.log, streams.user(userId))).events).toEqual(before)
    // Nobody else learns anything of it.
    expect(await refusedWith(accept(world.test, forged(userId)))).toBe('INVITATION_INVALID')
  })

  it('that nobody has is refused like one of nobody, and each guess is recorded', async () => {
    const { test, invite } = await organization()
    const { userId, token } = await invite()
    const messages = new Set<string>()
    for (const guess of [
      '',
      'csi_',
      token.slice(0, -1),
      `${token.slice(0, -1)}~`,
      token.replace('csi_', 'cs_'),
      token.replace(userId.replaceAll('-', ''), '0'.repeat(32)),
      forged(userId),
    ]) {
      const refused = await accept(test, guess).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(code(refused), guess).toBe('INVITATION_INVALID')
      messages.add(String(refused))
    }
    expect(messages.size).toBe(1)
    // Those that name no user of an organization the operator has.
    const unknown = '00000000-0000-0000-0000-000000000000' as Setup['organizationId']
    expect(await test.refusals(unknown)).toMatchObject([
      { code: 'INVITATION_INVALID', commands: ['acceptInvitation'], subject: null },
    ])
    await accept(test, token)
    await refusedWith(accept(test, token))
    expect(await test.refusals()).toMatchObject([
      { code: 'INVITATION_INVALID', commands: ['acceptInvitation'] },
      { code: 'INVITATION_ACCEPTED', commands: ['acceptInvitation'] },
    ])
    expect(JSON.stringify(await test.refusals())).not.toContain(token)
  })

  it('is accepted once by however many who try at the same moment, in two processes', async () => {
    const { test, invite } = await organization()
    const { userId, token } = await invite()
    const other = createApplication(test.dependencies)
    const answers = await Promise.allSettled(
      [test.application, other, test.application, other].map((application) => accept(test, token, application)),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const codes = answers.flatMap((answer) => (answer.status === 'rejected' ? [code(answer.reason)] : []))
    expect(codes).toEqual(['INVITATION_ACCEPTED', 'INVITATION_ACCEPTED', 'INVITATION_ACCEPTED'])
    expect((await stateOf(test, userId)).tokens).toHaveLength(1)
  })

  it('of an administrator is made again by another one alone', async () => {
    const { test, administrator } = await organization()
    const uma = await test.user('Uma', 'userAdministrator')
    const invited = await shownInvitation(
      test.application.inviteUser(administrator, { ...address, roles: ['globalAdministrator'] }),
    )
    const { userId } = invited
    expect(await refusedWith(test.application.resendInvitation(uma, { userId }))).toBe('FORBIDDEN')
    expect(
      await refusedWith(
        test.application.inviteUser(uma, { ...address, email: 'x@example.org', roles: ['globalAdministrator'] }),
      ),
    ).toBe('FORBIDDEN')
    await accept(test, invited.token)
    expect(await stateOf(test, userId)).toMatchObject({ status: 'active', roles: ['globalAdministrator'] })
  })

  it('of somebody of another organization is there for nobody', async () => {
    const { invite } = await organization()
    const { userId } = await invite()
    const elsewhere = await organization()
    const { test, administrator } = elsewhere
    for (const change of ['resendInvitation', 'revokeInvitation'] as const)
      expect(await refusedWith(test.application[change](administrator, { userId }))).toBe('USER_NOT_FOUND')
  })
})

describe('who was invited and has not accepted', () => {
  it('is not the last administrator, reaches no quorum, and answers for no CI user', async () => {
    const { test, administrator } = await organization()
    const { application, setup } = test
    const { userId } = await application.inviteUser(administrator, { ...address, roles: ['globalAdministrator'] })
    expect(await refusedWith(application.deactivateUser(setup, { userId: administrator.userId, reason: null }))).toBe(
      'LAST_ADMINISTRATOR',
    )
    const invited = { user: userId }
    const policy = { submitters: [administrator], approval: { approvers: [invited], requiredApprovals: 1 } }
    expect(await refusedWith(test.policy(policy))).toBe('APPROVAL_QUORUM')
    expect(await refusedWith(application.createCiUser(administrator, { name: 'CI', responsible: userId }))).toBe(
      'USER_INVITED',
    )
    const control = { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }
    expect(await refusedWith(application.changeChangeControl(administrator, control))).toBe(
      'CHANGE_CONTROL_UNREACHABLE',
    )
  })

  it('gets the roles of the invitation when others have approved them, where the organization controls that', async () => {
    const { test, administrator } = await organization()
    const bob = await test.user('Bob', 'globalAdministrator')
    const control = { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }
    await test.application.changeChangeControl(administrator, control)
    const roles = ['globalReader', 'projectAdministrator'] as const
    const { userId, changeProposalId } = await test.application.inviteUser(administrator, { ...address, roles })
    expect(await stateOf(test, userId)).toMatchObject({ status: 'invited', roles: [] })
    await test.application.approveChange(bob, { changeProposalId: String(changeProposalId), comment: null })
    expect((await stateOf(test, userId)).roles).toEqual(roles)
  })
})

describe('an administrator who invites another and accepts it', () => {
  it('is one person of those who approve changes of rules, and who are there to', async () => {
    const { test, administrator, invite } = await organization()
    const { userId, token } = await invite()
    const accepted = await accept(test, token)
    await test.application.grantGlobalRole(administrator, { userId, role: 'globalAdministrator' })
    const ivy = await test.application.authenticate({ apiToken: accepted.token }, from)
    const control = { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }
    const begin = () => test.application.changeChangeControl(administrator, control)
    expect(await refusedWith(begin())).toBe('CHANGE_CONTROL_UNREACHABLE')
    const bob = await test.user('Bob', 'globalAdministrator')
    const reader = await test.user('Ruth')
    await begin()
    const proposed = await test.application.grantGlobalRole(administrator, {
      userId: reader.userId,
      role: 'globalReader',
    })
    const approval = { changeProposalId: String(proposed.changeProposalId), comment: null }
    expect(await refusedWith(test.application.approveChange(ivy, approval))).toBe('CHANGE_APPROVER_IS_AUTHOR')
    await test.application.approveChange(bob, approval)
    expect((await stateOf(test, reader.userId)).roles).toEqual(['globalReader'])
  })
})

describe('an e-mail address', () => {
  it('belongs to one user of an organization, however it is written, until that user is erased', async () => {
    const { test, administrator, invite } = await organization()
    const { userId } = await invite()
    const again = (email: string, by: TestCaller = administrator) =>
      test.application.inviteUser(by, { ...address, email })
    for (const same of ['ivy@example.org', 'IVY@Example.ORG', '\u0131vy@example.org'])
      expect(await refusedWith(again(same))).toBe('USER_EMAIL_TAKEN')
    await test.application.deactivateUser(administrator, { userId, reason: null })
    expect(await refusedWith(again('ivy@example.org'))).toBe('USER_EMAIL_TAKEN')
    await test.application.eraseUser(administrator, { userId })
    expect((await again('ivy@example.org')).userId).not.toBe(userId)
    // Another organization knows nothing of it.
    const setup = new Setup(crypto.randomUUID() as Setup['organizationId'])
    await test.application.inviteUser(setup, { ...address })
  })

  it('belongs to one user of all who are invited with it at once, in two processes', async () => {
    const { test, administrator } = await organization()
    const other = createApplication(test.dependencies)
    const answers = await Promise.allSettled(
      ['ivy@example.org', 'Ivy@example.org', 'IVY@example.org', 'iVY@example.org'].map((email, index) =>
        (index % 2 === 0 ? test.application : other).inviteUser(administrator, { ...address, email }),
      ),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers) if (answer.status === 'rejected') expect(code(answer.reason)).toBe('USER_EMAIL_TAKEN')
  })

  it('that a process reserved and recorded for nobody is the next one’s', async () => {
    const { test, administrator, invite } = await organization()
    const { organizationId } = administrator
    const lost = { organizationId, userId: crypto.randomUUID() as UserId }
    await test.dependencies.persons.seal(lost, { name: 'Lost', email: address.email })
    const { userId } = await invite()
    expect(userId).toBe(lost.userId)
    expect(await refusedWith(invite())).toBe('USER_EMAIL_TAKEN')
  })
})

describe('that an address was proved', () => {
  it('is for the operator to say, of who has accepted', async () => {
    const { test, invite } = await organization()
    const { userId, token } = await invite()
    const operator = new Setup(test.setup.organizationId, { component: 'operator' })
    const prove = () => proveEmailAddress(test.dependencies, operator, userId)
    expect(await refusedWith(prove())).toBe('USER_INVITED')
    await accept(test, token)
    await prove()
    expect(await stateOf(test, userId)).toMatchObject({ addressProved: true })
    expect(await refusedWith(prove())).toBe('EMAIL_ADDRESS_PROVED')
  })
})
