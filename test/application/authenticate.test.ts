import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { apiTokenText, apiTokenUser, newApiToken } from '../../application/api-token.ts'
import { issueApiToken } from '../../application/api-tokens.ts'
import { unknownOrganization } from '../../application/index.ts'
import { Refusal, streams, type UserEvent, type UserId } from '../../domain/index.ts'
import { createEventStoreDbLog } from '../../event-log/eventstoredb.ts'
import { appendRaw } from '../support/append-raw.ts'
import { event } from '../support/decider-spec.ts'
import {
  createStore,
  type EventStoreDbStore,
  startEventStoreDbStandIn,
} from '../support/eventstoredb-stand-in/index.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

const address = '192.0.2.7'

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal)
    return (error as Refusal).code
  }
  return 'not refused'
}

/** Appends to a user's stream what an administrator would have happen. */
async function happens(test: TestApplication, userId: UserId, ...events: readonly UserEvent[]): Promise<void> {
  const stream = streams.user(userId)
  for await (const batch of test.dependencies.log.readStream(stream, { direction: 'backwards', maxCount: 1 }))
    await appendRaw(test.dependencies.log, stream, events, batch[0]?.revision ?? 'noStream', test.setup.organizationId)
}

const deactivated = event<UserEvent, 'UserDeactivated'>('UserDeactivated', { reason: null })
const reactivated = event<UserEvent, 'UserReactivated'>('UserReactivated', {})

describe('authentication', () => {
  it('knows a user by a token, with the roles that they have now, and records nothing', async () => {
    const test = await testApplication()
    const anna = await test.user('Anna', 'globalReader')
    const { userId, tokenId } = anna
    const granted = event<UserEvent, 'GlobalRoleGranted'>('GlobalRoleGranted', { role: 'userAdministrator' })
    await happens(test, userId, granted)
    expect(await test.application.authenticate({ apiToken: anna.token }, address)).toMatchObject({
      organizationId: test.setup.organizationId,
      userId,
      authentication: { method: 'apiToken', tokenId },
      kind: 'interactive',
      roles: ['globalReader', 'userAdministrator'],
      remoteAddress: address,
    })
    expect(await test.refusals()).toEqual([])
  })

  it('tells calls of the same token apart', async () => {
    const test = await testApplication()
    const { token } = await test.user('Anna')
    const calls = [
      await test.application.authenticate({ apiToken: token }, address),
      await test.application.authenticate({ apiToken: token }, address),
    ]
    expect(calls[0]?.callId).not.toBe(calls[1]?.callId)
  })

  it('refuses what is no token, is cut off, or has another form', async () => {
    const test = await testApplication()
    const { token } = await test.user('Anna')
    const [, user = '', secret = ''] = /^cs_([^_]+)_(.+)$/.exec(token) ?? []
    const malformed = [
      '',
      'x',
      'Bearer',
      token.slice(0, -1),
      `${token}x`,
      `${token}\n`,
      ` ${token}`,
      `cs_${user.replace(/./, 'g')}_${secret}`,
      `cs_${user.slice(1)}_${secret}`,
      `CS_${user}_${secret}`,
      `cs_${user}_${secret.slice(1)}!`,
      'x'.repeat(100_000),
    ]
    for (const text of malformed)
      expect(await codeOf(test.application.authenticate({ apiToken: text }, address))).toBe('TOKEN_INVALID')
  })

  it('refuses the absence of a token without a record: nobody has tried anything', async () => {
    const test = await testApplication()
    expect(await codeOf(test.application.authenticate({}, address))).toBe('TOKEN_MISSING')
    expect(await test.refusals()).toEqual([])
  })

  const cases: readonly (readonly [
    what: string,
    code: string,
    prepare: (test: TestApplication) => Promise<string>,
    organizationIsKnown: boolean,
  ])[] = [
    ['a token of no known form', 'TOKEN_INVALID', async () => 'nonsense', false],
    ['a token of an unknown user', 'TOKEN_INVALID', async () => newApiToken(randomUUID() as UserId).text, false],
    [
      'another secret of a known user',
      'TOKEN_INVALID',
      async (test) => {
        const { userId } = await test.user('Anna')
        return newApiToken(userId).text
      },
      true,
    ],
    [
      'the token of another user, in the name of this one',
      'TOKEN_INVALID',
      async (test) => {
        const [anna, bert] = [await test.user('Anna'), await test.user('Bert', 'globalAdministrator')]
        return apiTokenText(bert.userId, anna.token.slice(-49, -6))
      },
      true,
    ],
    [
      'a revoked token',
      'TOKEN_REVOKED',
      async (test) => {
        const { userId, tokenId, token } = await test.user('Anna')
        await happens(test, userId, event<UserEvent, 'ApiTokenRevoked'>('ApiTokenRevoked', { tokenId }))
        return token
      },
      true,
    ],
    [
      'an expired token',
      'TOKEN_EXPIRED',
      async (test) => {
        const { userId } = await test.user('Anna')
        const expiresAt = '2026-03-01T13:00:00.000Z'
        const { token } = await issueApiToken(test.dependencies, test.setup, { userId, name: 'short', expiresAt })
        await test.application.authenticate({ apiToken: token }, address)
        test.clock.now = expiresAt
        return token
      },
      true,
    ],
    [
      'a token of a deactivated user',
      'USER_DEACTIVATED',
      async (test) => {
        const { userId, token } = await test.user('Anna')
        await happens(test, userId, deactivated)
        return token
      },
      true,
    ],
  ]

  it.each(cases)('refuses %s with %s, and records it once', async (_, code, prepare, organizationIsKnown) => {
    const test = await testApplication()
    const token = await prepare(test)
    expect(await codeOf(test.application.authenticate({ apiToken: token }, address))).toBe(code)
    const organizationId = organizationIsKnown ? test.setup.organizationId : unknownOrganization
    const [recorded, ...others] = await test.securityEvents(organizationId)
    expect(others).toEqual([])
    const at = test.clock.now
    expect(recorded).toMatchObject({
      type: 'CommandRefused',
      data: { commands: ['authenticate'], code, subject: null, count: 1, firstAt: at, lastAt: at },
      metadata: { organizationId, actor: { kind: 'anonymous' }, remoteAddress: address, occurredAt: at },
    })
    expect(await test.securityEvents(organizationIsKnown ? unknownOrganization : test.setup.organizationId)).toEqual([])
    expect(JSON.stringify(recorded)).not.toContain(token)
    const { presented } = recorded?.data ?? {}
    if (code === 'TOKEN_INVALID') expect(presented).toBeUndefined()
    else expect(presented).toEqual({ userId: apiTokenUser(token), tokenId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  })

  it('records each token that is known and does not work by itself, from wherever it comes', async () => {
    const test = await testApplication()
    const people = [await test.user('Anna'), await test.user('Bert')]
    for (const { userId, tokenId } of people)
      await happens(test, userId, event<UserEvent, 'ApiTokenRevoked'>('ApiTokenRevoked', { tokenId }))
    for (const from of ['192.0.2.7', '198.51.100.9', '203.0.113.1'])
      for (const { token } of people) await codeOf(test.application.authenticate({ apiToken: token }, from))
    for (let each = 0; each < 20; each += 1)
      await codeOf(test.application.authenticate({ apiToken: newApiToken(people[0]?.userId as UserId).text }, address))
    await test.dependencies.refusals.close()
    const recorded = await test.securityEvents(test.setup.organizationId)
    for (const { userId, tokenId } of people) {
      const own = recorded.filter(
        ({ data }) => (data.presented as { tokenId?: string } | undefined)?.tokenId === tokenId,
      )
      expect(own.map(({ data }) => [data.code, data.count, data.presented])).toEqual([
        ['TOKEN_REVOKED', 1, { userId, tokenId }],
        ['TOKEN_REVOKED', 2, { userId, tokenId }],
      ])
      expect(own[1]?.metadata.remoteAddress).toBeUndefined()
    }
  })

  it('lets the tokens of a reactivated user work again', async () => {
    const test = await testApplication()
    const { userId, token } = await test.user('Anna')
    await happens(test, userId, deactivated, reactivated)
    expect((await test.application.authenticate({ apiToken: token }, address)).userId).toBe(userId)
  })

  describe('by a stream that hides a part of itself', () => {
    async function onEventStoreDb() {
      const store = createStore()
      const server = await startEventStoreDbStandIn(store)
      onTestFinished(() => server.kill())
      const { connectionString } = server
      const test = await testApplication({ log: createEventStoreDbLog({ connectionString, callTimeoutMs: 60_000 }) })
      return { store, test }
    }

    it.each([
      ['its beginning', (store: EventStoreDbStore, stream: string) => store.setMetadata(stream, { $maxCount: 1 })],
      ['all of it', (store: EventStoreDbStore, stream: string) => store.setMetadata(stream, { $maxAge: 0 })],
      ['deleted', (store: EventStoreDbStore, stream: string) => store.softDelete(stream)],
      ['deleted for good', (store: EventStoreDbStore, stream: string) => store.tombstone(stream)],
    ])('is no answer, and nothing against the token: %s', async (_, hide) => {
      const { store, test } = await onEventStoreDb()
      const anna = await test.user('Anna', 'globalReader')
      const ben = await test.user('Ben')
      hide(store, `countersign.${streams.user(anna.userId)}`)
      const waiting = { code: 'EVENT_LOG_CORRUPT', message: expect.stringContaining(anna.userId) }
      await expect(test.application.authenticate({ apiToken: anna.token }, address)).rejects.toMatchObject(waiting)
      await expect(test.application.authenticate({ apiToken: anna.token }, address)).rejects.not.toBeInstanceOf(Refusal)
      expect(await test.refusals()).toEqual([])
      expect((await test.application.authenticate({ apiToken: ben.token }, address)).userId).toBe(ben.userId)
    })

    it('stops what the stream is needed for, and changes nothing', async () => {
      const { store, test } = await onEventStoreDb()
      const anna = await test.user('Anna', 'projectAdministrator')
      const ben = await test.user('Ben')
      const { projectId } = await test.policy({ submitters: [ben] })
      store.setMetadata(`countersign.${streams.project(projectId)}`, { $tb: 1 })
      const before = store.all.length
      await expect(test.submit(ben)).rejects.toMatchObject({ code: 'EVENT_LOG_CORRUPT' })
      expect(store.all.slice(before).filter(({ streamId }) => streamId.includes('signingRequest'))).toEqual([])
      expect((await test.application.authenticate({ apiToken: anna.token }, address)).userId).toBe(anna.userId)
    })
  })
})
