import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { issueApiToken } from '../../application/index.ts'
import { Refusal, streams, type UserEvent, type UserId } from '../../domain/index.ts'
import { event } from '../support/decider-spec.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'
import { appendRaw } from '../support/test-organization.ts'
import { until } from '../support/until.ts'

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
    expect(await test.application.authenticate(anna.token, address)).toMatchObject({
      organizationId: test.setup.organizationId,
      userId,
      tokenId,
      name: 'Anna',
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
      await test.application.authenticate(token, address),
      await test.application.authenticate(token, address),
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
      expect(await codeOf(test.application.authenticate(text, address))).toBe('TOKEN_INVALID')
  })

  it('refuses the absence of a token without a record: nobody has tried anything', async () => {
    const test = await testApplication()
    expect(await codeOf(test.application.authenticate(undefined, address))).toBe('TOKEN_MISSING')
    expect(await test.refusals()).toEqual([])
  })

  const cases: readonly (readonly [
    what: string,
    code: string,
    prepare: (test: TestApplication) => Promise<string>,
    organizationIsKnown: boolean,
  ])[] = [
    ['a token of no known form', 'TOKEN_INVALID', async () => 'nonsense', false],
    [
      'a token of an unknown user',
      'TOKEN_INVALID',
      async (test) => {
        const { userId, token } = await test.user('Anna')
        return token.replace(userId.replaceAll('-', ''), randomUUID().replaceAll('-', ''))
      },
      false,
    ],
    [
      'another secret of a known user',
      'TOKEN_INVALID',
      async (test) => {
        const { token } = await test.user('Anna')
        return `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
      },
      true,
    ],
    [
      'the token of another user, in the name of this one',
      'TOKEN_INVALID',
      async (test) => {
        const [anna, bert] = [await test.user('Anna'), await test.user('Bert', 'globalAdministrator')]
        return anna.token.replace(anna.userId.replaceAll('-', ''), bert.userId.replaceAll('-', ''))
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
        await test.application.authenticate(token, address)
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
    expect(await codeOf(test.application.authenticate(token, address))).toBe(code)
    const [recorded, ...others] = await test.securityEvents()
    expect(others).toEqual([])
    const at = test.clock.now
    expect(recorded).toMatchObject({
      type: 'CommandRefused',
      data: { command: 'authenticate', code, subject: null, count: 1, firstAt: at, lastAt: at },
      metadata: { actor: { kind: 'anonymous' }, remoteAddress: address, occurredAt: at },
    })
    const unknown = '00000000-0000-0000-0000-000000000000'
    expect(recorded?.metadata.organizationId).toBe(organizationIsKnown ? test.setup.organizationId : unknown)
    expect(JSON.stringify(recorded)).not.toContain(token)
  })

  it('lets the tokens of a reactivated user work again', async () => {
    const test = await testApplication()
    const { userId, token } = await test.user('Anna')
    await happens(test, userId, deactivated, reactivated)
    expect((await test.application.authenticate(token, address)).userId).toBe(userId)
  })
})

describe('repeated refusals', () => {
  afterEach(() => void vi.useRealTimers())

  it('of one kind are counted for a minute and recorded together', async () => {
    const test = await testApplication()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const attempt = async (at: string, from = address) => {
      test.clock.now = at
      expect(await codeOf(test.application.authenticate('nonsense', from))).toBe('TOKEN_INVALID')
    }
    for (const second of ['00', '10', '20', '30']) await attempt(`2026-03-01T12:00:${second}.000Z`)
    await attempt('2026-03-01T12:00:40.000Z', '192.0.2.8')
    const first = (at: string) => expect.objectContaining({ count: 1, firstAt: at, lastAt: at })
    expect(await test.refusals()).toEqual([first('2026-03-01T12:00:00.000Z'), first('2026-03-01T12:00:40.000Z')])

    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    const recorded = await until('the minute is recorded', async () => {
      const refusals = await test.refusals()
      return refusals.length > 2 && refusals
    })
    expect(recorded.slice(2)).toEqual([
      expect.objectContaining({
        command: 'authenticate',
        code: 'TOKEN_INVALID',
        count: 3,
        firstAt: '2026-03-01T12:00:10.000Z',
        lastAt: '2026-03-01T12:00:30.000Z',
      }),
    ])
    // The next minute begins with a record of its own.
    await attempt('2026-03-01T12:02:00.000Z')
    expect((await test.refusals()).slice(3)).toEqual([first('2026-03-01T12:02:00.000Z')])
  })

  it('that are still counted when the service stops are recorded', async () => {
    const test = await testApplication()
    for (let attempt = 0; attempt < 5; attempt++) await codeOf(test.application.authenticate('nonsense', address))
    await test.dependencies.refusals.close()
    expect((await test.refusals()).map(({ count }) => count)).toEqual([1, 4])
  })

  it('of a flood of kinds do not fill the memory or the log, and are all counted', async () => {
    const test = await testApplication()
    const attempt = (subject: string) =>
      test.dependencies.refusals.record({
        organizationId: test.setup.organizationId,
        actor: { kind: 'anonymous' },
        remoteAddress: address,
        command: 'openArtifact',
        subject,
        refusal: { code: 'FORBIDDEN', message: 'No.' },
        callId: randomUUID(),
      })
    const attempts = 10_500
    await Promise.all(Array.from({ length: attempts }, (_, index) => attempt(`${index}`)))
    await test.dependencies.refusals.close()
    const counts = (await test.refusals()).map(({ count }) => count)
    expect(counts.length).toBeLessThanOrEqual(10_002)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(attempts)
  })
})
