import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Requester } from '../../application/index.ts'
import {
  type GlobalRole,
  globalRoles,
  type OrganizationId,
  type SigningPolicySettings,
  streams,
  type UserId,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { collect } from '../support/event-log/events.ts'
import { references } from '../support/submission.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

/** Does something to what the set-up has made, as somebody. */
type UseCase = (test: TestApplication, requester: Requester) => Promise<unknown>

const settings = async (test: TestApplication, user: TestCaller): Promise<SigningPolicySettings> => ({
  name: 'Release',
  certificateId: await test.certificate(),
  submitters: [{ user: user.userId }],
  approval: null,
  timestamp: 'none',
  release: false,
  existingSignatures: ['replace', 'append', 'refuse'],
})

const newUser = (...roles: readonly GlobalRole[]): UseCase => {
  return (test, initiator) =>
    test.application.inviteUser(initiator, { email: `${randomUUID()}@example.org`, name: 'New', roles })
}

const newCiToken: UseCase = async (test, initiator) => {
  const { userId: responsible } = await test.user('Person')
  const { userId } = await test.application.createCiUser(test.setup, { name: 'CI', responsible })
  return test.application.issueApiToken(initiator, { userId, name: 'new', expiresAt: null })
}

const changeSomebody = (useCase: 'deactivateUser' | 'grantGlobalRole', role: GlobalRole = 'globalReader'): UseCase => {
  return async (test, initiator) => {
    const { userId } = await test.user('Somebody')
    return test.application[useCase](initiator, { userId, role, reason: null })
  }
}

/** Every administrative use case, and who may, as the roles of the organization are defined. */
const useCases: readonly (readonly [what: string, roles: readonly GlobalRole[], useCase: UseCase])[] = [
  [
    'create a project',
    ['globalAdministrator', 'projectAdministrator'],
    (test, initiator) => {
      const input = { slug: randomUUID(), name: 'New', description: null, repositoryUrl: null }
      return test.application.createProject(initiator, input)
    },
  ],
  [
    'change a project',
    ['globalAdministrator', 'projectAdministrator'],
    async (test, initiator) => {
      const { projectId } = await test.policy({ submitters: [await test.user('Member')], slug: randomUUID() })
      const settings = { name: 'New', description: null, repositoryUrl: null, readers: [], configurators: [] }
      return test.application.updateProject(initiator, { projectId, basedOnRevision: 0, ...settings })
    },
  ],
  [
    'deactivate a project',
    ['globalAdministrator', 'projectAdministrator'],
    async (test, initiator) => {
      const { projectId } = await test.policy({ submitters: [await test.user('Member')], slug: randomUUID() })
      return test.application.deactivateProject(initiator, { projectId, reason: null })
    },
  ],
  [
    'reactivate a project',
    ['globalAdministrator', 'projectAdministrator'],
    async (test, initiator) => {
      const { projectId } = await test.policy({ submitters: [await test.user('Member')], slug: randomUUID() })
      await test.application.deactivateProject(test.setup, { projectId, reason: null })
      return test.application.reactivateProject(initiator, { projectId })
    },
  ],
  [
    'create a signing policy',
    ['globalAdministrator', 'projectAdministrator'],
    async (test, initiator) => {
      const user = await test.user('Member')
      const { projectId } = await test.policy({ submitters: [user], slug: randomUUID() })
      const input = { projectId, slug: 'new', settings: await settings(test, user) }
      return test.application.createSigningPolicy(initiator, input)
    },
  ],
  [
    'change a signing policy',
    ['globalAdministrator', 'projectAdministrator'],
    async (test, initiator) => {
      const user = await test.user('Member')
      const { signingPolicyId } = await test.policy({ submitters: [user], slug: randomUUID() })
      const input = { signingPolicyId, basedOnRevision: 0, settings: await settings(test, user) }
      return test.application.updateSigningPolicy(initiator, input)
    },
  ],
  [
    'deactivate a signing policy',
    ['globalAdministrator', 'projectAdministrator'],
    async (test, initiator) => {
      const { signingPolicyId } = await test.policy({ submitters: [await test.user('Member')], slug: randomUUID() })
      return test.application.deactivateSigningPolicy(initiator, { signingPolicyId, reason: null })
    },
  ],
  [
    'reactivate a signing policy',
    ['globalAdministrator', 'projectAdministrator'],
    async (test, initiator) => {
      const { signingPolicyId } = await test.policy({ submitters: [await test.user('Member')], slug: randomUUID() })
      await test.application.deactivateSigningPolicy(test.setup, { signingPolicyId, reason: null })
      return test.application.reactivateSigningPolicy(initiator, { signingPolicyId })
    },
  ],
  [
    'create a certificate',
    ['globalAdministrator', 'certificateAdministrator'],
    (test, initiator) =>
      test.application.createSelfSignedCertificate(initiator, {
        name: 'New',
        subject: { commonName: 'New' },
        key: { algorithm: 'ec-p256' },
        notBefore: '2026-01-01T00:00:00.000Z',
        notAfter: '2027-01-01T00:00:00.000Z',
      }),
  ],
  [
    'disable a certificate',
    ['globalAdministrator', 'certificateAdministrator'],
    async (test, initiator) => {
      const certificateId = await test.certificate()
      return test.application.disableCertificate(initiator, { certificateId, reason: null })
    },
  ],
  [
    'disable a key',
    ['globalAdministrator', 'certificateAdministrator'],
    async (test, initiator) => {
      const { keyId } = await test.application.createSelfSignedCertificate(test.setup, {
        name: 'New',
        subject: { commonName: 'New' },
        key: { algorithm: 'ec-p256' },
        notBefore: '2026-01-01T00:00:00.000Z',
        notAfter: '2027-01-01T00:00:00.000Z',
      })
      return test.application.disableKey(initiator, { keyId, reason: null })
    },
  ],
  ['add a plain user', ['globalAdministrator', 'userAdministrator'], newUser()],
  [
    'add a user with roles',
    ['globalAdministrator', 'userAdministrator'],
    newUser('globalReader', 'certificateAdministrator'),
  ],
  ['add a Global Administrator', ['globalAdministrator'], newUser('globalReader', 'globalAdministrator')],
  [
    'add a CI user',
    ['globalAdministrator', 'userAdministrator'],
    async (test, initiator) => {
      const { userId: responsible } = await test.user('Person')
      return test.application.createCiUser(initiator, { name: 'CI', responsible })
    },
  ],
  ['give a role', ['globalAdministrator', 'userAdministrator'], changeSomebody('grantGlobalRole', 'globalReader')],
  ['make a Global Administrator', ['globalAdministrator'], changeSomebody('grantGlobalRole', 'globalAdministrator')],
  ['deactivate a user', ['globalAdministrator', 'userAdministrator'], changeSomebody('deactivateUser')],
  [
    'reactivate a user',
    ['globalAdministrator', 'userAdministrator'],
    async (test, initiator) => {
      const { userId } = await test.user('Somebody')
      await test.application.deactivateUser(test.setup, { userId, reason: null })
      return test.application.reactivateUser(initiator, { userId })
    },
  ],
  [
    'take a role',
    ['globalAdministrator', 'userAdministrator'],
    async (test, initiator) => {
      const { userId } = await test.user('Somebody', 'globalReader')
      return test.application.withdrawGlobalRole(initiator, { userId, role: 'globalReader' })
    },
  ],
  [
    'deactivate a Global Administrator',
    ['globalAdministrator'],
    async (test, initiator) => {
      const { userId } = await test.user('Somebody', 'globalAdministrator')
      await test.user('Another', 'globalAdministrator')
      return test.application.deactivateUser(initiator, { userId, reason: null })
    },
  ],
  [
    "revoke somebody's token",
    ['globalAdministrator', 'userAdministrator'],
    async (test, initiator) => {
      const { userId, tokenId } = await test.user('Somebody')
      return test.application.revokeApiToken(initiator, { userId, tokenId })
    },
  ],
  ['make a token for a CI user', ['globalAdministrator', 'userAdministrator'], newCiToken],
]

describe('the right to', () => {
  it.each(useCases)('%s belongs to %j and nobody else', async (_, roles, useCase) => {
    const test = await testApplication()
    for (const role of globalRoles) {
      const initiator = await test.user(role, role)
      const answer = useCase(test, initiator)
      if (roles.includes(role)) await expect(answer).resolves.toBeDefined()
      else
        await expect(answer).rejects.toMatchObject({
          code: 'FORBIDDEN',
          message: expect.stringContaining('globalAdministrator'),
        })
    }
    await expect(useCase(test, await test.user('Regular User'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(useCase(test, test.setup)).resolves.toBeDefined()
    // Each refused caller is in the organization's security stream, by the name of what they asked for.
    const refusals = await test.refusals()
    expect(refusals).toHaveLength(globalRoles.length - roles.length + 1)
    const names = new Set(refusals.flatMap(({ commands }) => commands))
    expect(names.size).toBe(1)
    expect(Object.keys(test.application)).toEqual(expect.arrayContaining([...names]))
    expect(refusals.every(({ code }) => code === 'FORBIDDEN')).toBe(true)
  })

  it('anything ends at the own organization, for the highest role as well', async () => {
    const test = await testApplication()
    const member = await test.user('Member')
    const { projectId } = await test.policy({ submitters: [member] })
    const certificateId = await test.certificate()
    const organizationId = randomUUID() as OrganizationId
    const stranger: Requester = { ...(await test.user('Stranger', 'globalAdministrator')), organizationId }
    const { dependencies } = test
    const own = await settings(test, member)
    const after = await dependencies.log.head()
    await expect(
      test.application.issueApiToken(stranger, { userId: member.userId, name: 'x', expiresAt: null }),
    ).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
    await expect(test.application.disableCertificate(stranger, { certificateId, reason: null })).rejects.toMatchObject({
      code: 'CERTIFICATE_NOT_FOUND',
    })
    await expect(
      test.application.createSigningPolicy(stranger, { projectId, slug: 'x', settings: own }),
    ).rejects.toMatchObject({ code: 'CERTIFICATE_NOT_FOUND' })
    await expect(
      test.application.createProject(stranger, { slug: 'x', name: 'x', description: null, repositoryUrl: null }),
    ).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' })
    const since = await collect(dependencies.log.readAll(after === undefined ? {} : { after }))
    const written = since.filter(({ type }) => type !== 'RefusalEventsReserved')
    expect(new Set(written.map(({ streamId }) => streamId))).toEqual(
      new Set([streams.security(organizationId, test.clock.now)]),
    )
  })
})

describe('what administrators make', () => {
  it('is in the log with who made it, through which token, from where', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada', 'projectAdministrator')
    const { userId, authentication, remoteAddress, callId, organizationId } = ada
    const input = { slug: 'new', name: 'New', description: null, repositoryUrl: null }
    const { projectId } = await test.application.createProject(ada, input)
    const { events } = await readWholeStream(test.dependencies.log, streams.project(projectId))
    expect(events.map(({ metadata }) => metadata)).toEqual([
      {
        schemaVersion: 1,
        organizationId,
        actor: { kind: 'user', userId, authentication },
        remoteAddress,
        correlationId: callId,
        causationId: callId,
        occurredAt: test.clock.now,
      },
    ])
  })

  it('names in a signing policy only users of the organization', async () => {
    const test = await testApplication()
    const user = await test.user('Member')
    const { projectId } = await test.policy({ submitters: [user] })
    const nobody = randomUUID() as UserId
    const own = await settings(test, user)
    const approval = {
      approvers: references(nobody),
      requiredApprovals: 1,
      submitterMayApprove: false,
      deadlineSeconds: null,
    }
    for (const wrong of [
      { ...own, submitters: references(user.userId, nobody) },
      { ...own, approval },
    ])
      await expect(
        test.application.createSigningPolicy(test.setup, { projectId, slug: 'new', settings: wrong }),
      ).rejects.toMatchObject({ code: 'USER_NOT_FOUND', message: expect.stringContaining(nobody) })
    // The slug is still free: nothing was reserved for what was refused.
    await test.application.createSigningPolicy(test.setup, { projectId, slug: 'new', settings: own })
  })

  it('gives a user each role once, however often it is named', async () => {
    const test = await testApplication()
    const input = { kind: 'ci', name: 'Bot', email: null, roles: ['globalReader', 'globalReader'] } as const
    const { userId } = await test.application.createUser(test.setup, input)
    const { events } = await readWholeStream(test.dependencies.log, streams.user(userId))
    expect(events.map(({ type }) => type)).toEqual(['UserCreated', 'GlobalRoleGranted'])
  })
})
