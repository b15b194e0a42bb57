import { describe, expect, it, test } from 'vitest'
import {
  fold,
  type OrganizationId,
  type ProjectId,
  parseWebHookAuthorization,
  parseWebHookSecret,
  parseWebHookUrl,
  pauseBeforeRetry,
  type SigningRequestId,
  signingSecrets,
  type WebHookEvent,
  type WebHookId,
  type WebHookSecretId,
  webHookDeadlineMs,
  webHookDecider,
  webHookDeliveryDecider,
  whenDeliveryIsAbandoned,
  whenReceiverIsGone,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const at = '2026-11-29T12:00:00.000Z'
const tomorrow = '2026-11-30T12:00:00.000Z'
const secret = (digit: string) => fixedUuid<WebHookSecretId>(digit)
const settings = {
  name: 'Releases',
  url: 'https://hooks.example/countersign',
  eventTypes: ['completed', 'failed'],
  authorizationId: secret('9'),
} as const
const facts = {
  webHookId: fixedUuid<WebHookId>('1'),
  organizationId: fixedUuid<OrganizationId>('2'),
  projectId: fixedUuid<ProjectId>('3'),
  ...settings,
}
const created = event<WebHookEvent, 'WebHookCreated'>('WebHookCreated', { ...facts, secretId: secret('4') })
const disabled = event<WebHookEvent, 'WebHookDisabled'>('WebHookDisabled', { cause: 'asked', reason: null })
const deleted = event<WebHookEvent, 'WebHookDeleted'>('WebHookDeleted', {})
const abandoned = {
  deliveryId: fixedUuid('5'),
  signingRequestId: fixedUuid<SigningRequestId>('6'),
  eventType: 'completed',
  lastFailure: 'HTTP_503',
} as const

describe('web hook', () => {
  itRefuses(webHookDecider, { source: 'web-hook/decider.ts', before: 'webHookDecider' }, [
    ['WEB_HOOK_EXISTS', 'the id is taken', [created], { type: 'CreateWebHook', ...facts, secretId: secret('4') }],
    ['WEB_HOOK_NOT_FOUND', 'there is none', [], { type: 'DeleteWebHook' }],
    ['WEB_HOOK_NOT_FOUND', 'it was deleted', [created, deleted], { type: 'EnableWebHook' }],
    ['WEB_HOOK_UNCHANGED', 'it has these settings', [created], { type: 'ChangeWebHook', ...settings }],
    ['WEB_HOOK_DISABLED', 'it is off', [created, disabled], { type: 'DisableWebHook', reason: null }],
    ['WEB_HOOK_ENABLED', 'it is on', [created], { type: 'EnableWebHook' }],
    ['WEB_HOOK_EVENT_TYPES', 'it is told nothing', [created], { type: 'ChangeWebHook', ...settings, eventTypes: [] }],
    [
      'WEB_HOOK_EVENT_TYPES',
      'there is no such type',
      [created],
      { type: 'ChangeWebHook', ...settings, eventTypes: ['everything' as never] },
    ],
    ...(['2027-01-01T00:00:00.000Z', at] as const).map(
      (previousSecretValidUntil) =>
        [
          'WEB_HOOK_SECRET_OVERLAP',
          `until ${previousSecretValidUntil}`,
          [created],
          { type: 'RotateWebHookSecret', secretId: secret('7'), previousSecretValidUntil, at },
        ] as const,
    ),
    ['WEB_HOOK_URL_MALFORMED', 'not HTTP', [created], { type: 'ChangeWebHook', ...settings, url: 'ftp://a.example/' }],
    ['NAME_MALFORMED', 'an empty name', [created], { type: 'ChangeWebHook', ...settings, name: ' ' }],
    ['TEXT_TOO_LONG', 'a long reason', [created], { type: 'DisableWebHook', reason: 'x'.repeat(4_001) }],
    ['TEXT_MALFORMED', 'a bell', [created], { type: 'DisableWebHook', reason: '\u0007' }],
  ])

  it('is told each kind of event once, in one order', () => {
    const eventTypes = ['failed', 'completed', 'failed', 'submitted'] as const
    given(webHookDecider, created)
      .when({ type: 'ChangeWebHook', ...settings, eventTypes })
      .thenEvents(
        event<WebHookEvent, 'WebHookChanged'>('WebHookChanged', {
          ...settings,
          eventTypes: ['submitted', 'completed', 'failed'],
        }),
      )
  })

  it('signs with two secrets while one is replaced, and with one after that', () => {
    const rotated = event<WebHookEvent, 'WebHookSecretRotated'>('WebHookSecretRotated', {
      secretId: secret('7'),
      previousSecretValidUntil: tomorrow,
    })
    const { state } = given(webHookDecider, created, rotated)
    if (state.status === 'none') throw new Error('It exists.')
    expect(signingSecrets(state, at)).toEqual([secret('7'), secret('4')])
    expect(signingSecrets(state, tomorrow)).toEqual([secret('7')])
    const next = { ...rotated, data: { ...rotated.data, secretId: secret('8') } }
    const after = fold(webHookDecider, [created, rotated, next])
    if (after.status === 'none') throw new Error('It exists.')
    expect(signingSecrets(after, at)).toEqual([secret('8'), secret('7')])
  })

  it('is turned off by a receiver that is gone, unless another address is told by now', () => {
    const state = fold(webHookDecider, [created])
    expect(whenReceiverIsGone(state, settings.url)).toEqual([
      event<WebHookEvent, 'WebHookDisabled'>('WebHookDisabled', { cause: 'gone', reason: null }),
    ])
    expect(whenReceiverIsGone(state, 'https://hooks.example/before')).toEqual([])
    expect(whenReceiverIsGone(fold(webHookDecider, [created, disabled]), settings.url)).toEqual([])
  })

  it('records once a day that something was given up', () => {
    const state = fold(webHookDecider, [created])
    const [first, ...others] = whenDeliveryIsAbandoned(state, at, abandoned)
    expect([first?.type, others]).toEqual(['WebHookDeliveryAbandoned', []])
    const known = fold(webHookDecider, [created, first as WebHookEvent])
    expect(whenDeliveryIsAbandoned(known, at, abandoned)).toEqual([])
    expect(whenDeliveryIsAbandoned(known, tomorrow, abandoned)).toHaveLength(1)
    expect(whenDeliveryIsAbandoned(fold(webHookDecider, [created, deleted]), at, abandoned)).toEqual([])
  })

  it('begins once, and ends once', () => {
    const other = { ...created, data: { ...created.data, url: 'https://elsewhere.example/' } }
    expect(fold(webHookDecider, [created, other])).toEqual(fold(webHookDecider, [created]))
    const enabled = event<WebHookEvent, 'WebHookEnabled'>('WebHookEnabled', {})
    expect(fold(webHookDecider, [created, deleted, enabled])).toMatchObject({ status: 'deleted' })
  })

  it('has a message sent again as often as somebody asks for it', () => {
    const command = { type: 'ResendWebHookDelivery', webHookId: facts.webHookId, deliveryId: fixedUuid('5') } as const
    const events = webHookDeliveryDecider.decide(command, webHookDeliveryDecider.initialState())
    expect(fold(webHookDeliveryDecider, [...events, ...events])).toEqual({ resends: 2 })
  })
})

describe('what a web hook is given', () => {
  test.each([
    'https://user@hooks.example/',
    'https://user:pass@hooks.example/',
    'https://hooks.example/#here',
    'hooks.example/x',
    'https://',
    'javascript:alert(1)',
    'https://hooks.example/a b',
    `https://hooks.example/${'x'.repeat(2_000)}`,
  ])('is no address like %.60s', (url) => {
    const { code, message } = refusalOf(() => parseWebHookUrl(url))
    expect(code).toBe('WEB_HOOK_URL_MALFORMED')
    expect(message).not.toContain('pass@')
  })

  test.each([Buffer.alloc(24, 1), Buffer.alloc(64, 2)])('is a secret of 24 to 64 bytes', (bytes) => {
    expect(Buffer.from(parseWebHookSecret(`whsec_${bytes.toString('base64')}`))).toEqual(bytes)
  })

  test.each([
    `whsec_${Buffer.alloc(23).toString('base64')}`,
    `whsec_${Buffer.alloc(65).toString('base64')}`,
    Buffer.alloc(32).toString('base64'),
    'whsec_not base64 at all, but long enough to be it',
    `WHSEC_${Buffer.alloc(32).toString('base64')}`,
    '',
  ])('is no secret like %.20s, and the refusal does not repeat it', (text) => {
    const { code, message } = refusalOf(() => parseWebHookSecret(text))
    expect(code).toBe('WEB_HOOK_SECRET_MALFORMED')
    if (text.length > 20) expect(message).not.toContain(text.slice(6))
  })

  test.each(['', ' Bearer x', 'Bearer x ', 'Bearer x\r\nX-Admin: 1', 'Bearer é', `Bearer ${'x'.repeat(4_000)}`])(
    'is no Authorization value like %j',
    (value) => {
      expect(refusalOf(() => parseWebHookAuthorization(value)).code).toBe('WEB_HOOK_AUTHORIZATION_MALFORMED')
    },
  )

  it('is an Authorization value of any scheme, as it is given', () => {
    for (const value of ['Bearer a.b-c', 'Basic dXNlcjpwYXNz', 'secret', 'Digest a="b",  c=d'])
      expect(parseWebHookAuthorization(value)).toBe(value)
  })
})

describe('the pauses between attempts', () => {
  const failed = (attempt: number, more: { status?: number; retryAfterMs?: number } = {}) => ({
    attempt,
    status: more.status ?? 500,
    retryAfterMs: more.retryAfterMs ?? null,
  })
  const hour = 3_600_000

  it('grow from seconds to half a day, and end with three days', () => {
    let [left, attempts] = [webHookDeadlineMs, 0]
    const pauses: number[] = []
    for (;;) {
      attempts += 1
      const pause = pauseBeforeRetry(failed(attempts), left, 0.5)
      if (pause === undefined) break
      pauses.push(pause)
      left -= pause
    }
    expect(pauses.slice(0, 3)).toEqual([5_000, 30_000, 120_000])
    expect(Math.max(...pauses)).toBe(12 * hour)
    expect(pauses.reduce((sum, each) => sum + each)).toBe(72 * hour)
    expect(attempts).toBeGreaterThan(10)
    expect(attempts).toBeLessThan(30)
  })

  it('are as long as the receiver asks for, up to half a day, and never shorter for that', () => {
    expect(pauseBeforeRetry(failed(1, { status: 503, retryAfterMs: hour }), 72 * hour, 0)).toBe(hour)
    expect(pauseBeforeRetry(failed(1, { status: 503, retryAfterMs: 1000 * hour }), 72 * hour, 0)).toBe(12 * hour)
    expect(pauseBeforeRetry(failed(9, { status: 503, retryAfterMs: 1 }), 72 * hour, 0.5)).toBe(6 * hour)
  })

  it.each([429, 502, 504])('are five minutes at least after %i', (status) => {
    expect(pauseBeforeRetry(failed(1, { status }), 72 * hour, 0)).toBe(300_000)
    expect(pauseBeforeRetry(failed(1, { status }), 72 * hour, 1)).toBe(360_000)
  })

  it('leave an attempt for the end', () => {
    expect(pauseBeforeRetry(failed(20), hour, 0.5)).toBe(hour)
    expect(pauseBeforeRetry(failed(20), 0, 0.5)).toBeUndefined()
  })
})
