import Fastify from 'fastify'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Delay } from '../../domain/index.ts'
import { delayNote } from '../../server/delay-note.ts'
import { type HealthCheck, mayKnowDetails, openReadiness, registerHealth } from '../../server/health.ts'

const works: HealthCheck = async () => undefined
const away: HealthCheck = async () => {
  throw Object.assign(new Error('The event log does not answer.'), { code: 'EVENT_LOG_UNAVAILABLE' })
}
const never: HealthCheck = () => new Promise(() => undefined)

const log = { warn: () => undefined, info: () => undefined }
const readiness = (checks: Readonly<Record<string, HealthCheck>>) => openReadiness(checks, log)()

/** The answers of a service with these parts, by default to whoever may know. */
async function served(
  checks: Readonly<Record<string, HealthCheck>>,
  settings: Parameters<typeof mayKnowDetails>[0] = { healthDetails: 'everyone', operatorToken: undefined },
  headers: Readonly<Record<string, string>> = {},
) {
  const fastify = Fastify()
  registerHealth(fastify, openReadiness(checks, log), mayKnowDetails(settings))
  onTestFinished(() => fastify.close())
  const ask = async (url: string) => {
    const response = await fastify.inject({ url, headers })
    return { status: response.statusCode, body: response.json() }
  }
  return { live: await ask('/health/live'), ready: await ask('/health/ready') }
}

describe('readiness', () => {
  it('is 200 when every part works, each by its name', async () => {
    const { live, ready } = await served({ eventLog: works, readModel: works })
    expect(ready).toEqual({
      status: 200,
      body: { status: 'up', checks: { eventLog: { status: 'up' }, readModel: { status: 'up' } } },
    })
    expect(live).toEqual({ status: 200, body: { status: 'up' } })
  })

  it('is 503 when one part is down, and says which and why; the process lives on', async () => {
    const { live, ready } = await served({ eventLog: away, readModel: works })
    expect(ready).toEqual({
      status: 503,
      body: {
        status: 'down',
        checks: {
          eventLog: { status: 'down', reason: 'EVENT_LOG_UNAVAILABLE: The event log does not answer.' },
          readModel: { status: 'up' },
        },
      },
    })
    expect(live.status).toBe(200)
  })

  it('is 200 when a part works and has something that people should see to, and says what', async () => {
    const noticing: HealthCheck = async () => 'A stream cannot be read.'
    const { ready } = await served({ eventLog: works, readModel: noticing })
    const readModel = { status: 'up', notice: 'A stream cannot be read.' }
    expect(ready).toEqual({ status: 200, body: { status: 'up', checks: { eventLog: { status: 'up' }, readModel } } })
  })

  it('tells every part that is down, not the first alone', async () => {
    const broken: HealthCheck = () => {
      throw new Error('It broke at once.')
    }
    expect(await readiness({ eventLog: away, temporal: broken, readModel: works })).toMatchObject({
      status: 'down',
      checks: { eventLog: { status: 'down' }, temporal: { status: 'down', reason: 'It broke at once.' } },
    })
  })

  it('is up while requests wait, and says why, how many, since when, and when the next one is tried again', async () => {
    const now = Date.parse('2026-03-01T12:00:00.000Z')
    const delay = (code: string, since: string, nextTryAt: string | null): Delay => ({
      failure: { code, message: 'The reason.', path: null },
      since,
      nextTryAt,
      pauseSeconds: 600,
    })
    const delays = [
      delay('KEY_NOT_FOUND', '2026-03-01T10:00:00.000Z', '2026-03-01T12:07:00.000Z'),
      delay('SIGNER_UNAVAILABLE', '2026-03-01T11:00:00.000Z', null),
      delay('KEY_NOT_FOUND', '2026-03-01T11:00:00.000Z', '2026-03-01T11:59:00.000Z'),
    ]
    const { ready } = await served({ requests: async () => delayNote(delays, now) })
    const note = [
      'KEY_NOT_FOUND: 2 requests wait since 2026-03-01T10:00:00.000Z, next try 2026-03-01T12:07:00.000Z. The reason.',
      'SIGNER_UNAVAILABLE: 1 request waits since 2026-03-01T11:00:00.000Z, next try as soon as somebody takes them up. The reason.',
    ].join(' ')
    expect(ready).toEqual({ status: 200, body: { status: 'up', checks: { requests: { status: 'up', notice: note } } } })
    expect(delayNote([], now)).toBeUndefined()
    const awaited = delays.map((delay) => ({ ...delay, failure: { ...delay.failure, code: 'UPLOAD_AWAITED' } }))
    expect(delayNote(awaited, now)).toBeUndefined()
  })

  it('of a process without parts is up', async () => {
    expect(await readiness({})).toEqual({ status: 'up', checks: {} })
  })
})

describe('a part that does not answer', () => {
  afterEach(() => void vi.useRealTimers())

  it('is down after its time, and does not keep the others waiting', async () => {
    vi.useFakeTimers()
    const asked: string[] = []
    const answer = readiness({
      temporal: never,
      eventLog: async () => void asked.push('eventLog'),
    })
    expect(asked).toEqual(['eventLog'])
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await answer).toEqual({
      status: 'down',
      checks: { temporal: { status: 'down', reason: 'no answer within 3000 ms' }, eventLog: { status: 'up' } },
    })
  })

  it('is waited for no longer than it takes: nothing keeps a process from ending', async () => {
    vi.useFakeTimers()
    await readiness({ eventLog: works, temporal: away })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('and fails later is not an unhandled failure', async () => {
    vi.useFakeTimers()
    let fail: (error: Error) => void = () => undefined
    const late: HealthCheck = () => new Promise((_, reject) => (fail = reject))
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    onTestFinished(() => void process.off('unhandledRejection', unhandled))
    const answer = readiness({ temporal: late })
    await vi.advanceTimersByTimeAsync(3_000)
    expect((await answer).status).toBe('down')
    fail(new Error('too late'))
    vi.useRealTimers()
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('why a part is down', () => {
  const operatorToken = 'the-token-of-an-operator'
  const settings = { healthDetails: 'operator', operatorToken } as const

  it.each([
    ['nobody', settings, ''],
    ['a stranger', settings, 'Bearer the-token-of-somebody'],
    ['a stranger who knows how it begins', settings, `Bearer ${operatorToken.slice(0, -1)}`],
    ['somebody who sends it otherwise', settings, operatorToken],
    ['anybody, where there is no such token', { ...settings, operatorToken: undefined }, `Bearer ${operatorToken}`],
    ['an empty token, where there is none', { ...settings, operatorToken: undefined }, 'Bearer '],
  ] as const)('is not told to %s: only whether', async (_, given, authorization) => {
    const { ready } = await served({ eventLog: away, readModel: works }, given, { authorization })
    expect(ready).toEqual({ status: 503, body: { status: 'down' } })
  })

  it('is told to the operator', async () => {
    const { ready } = await served({ eventLog: away }, settings, { authorization: `Bearer ${operatorToken}` })
    expect(ready).toMatchObject({ status: 503, body: { checks: { eventLog: { reason: expect.any(String) } } } })
  })

  it('is written to the log once, and so is that it is up again', async () => {
    const lines: unknown[] = []
    const write = (fields: object) => void lines.push(fields)
    let check = away
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const ask = openReadiness({ eventLog: () => check() }, { warn: write, info: write })
    for (let time = 0; time < 3; time += 1) {
      await ask()
      await vi.advanceTimersByTimeAsync(10_000)
    }
    check = works
    await ask()
    expect(lines).toEqual([
      { check: 'eventLog', reason: 'EVENT_LOG_UNAVAILABLE: The event log does not answer.' },
      { check: 'eventLog' },
    ])
  })
})

describe('a flood of questions', () => {
  afterEach(() => void vi.useRealTimers())

  it('makes one check, and another one only when its answer is old', async () => {
    vi.useFakeTimers()
    let checks = 0
    const token: HealthCheck = async () => {
      checks += 1
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const ask = openReadiness({ token }, log)
    const answers = Promise.all(Array.from({ length: 500 }, ask))
    await vi.advanceTimersByTimeAsync(100)
    expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set(['up']))
    await Promise.all(Array.from({ length: 500 }, ask))
    expect(checks).toBe(1)
    await vi.advanceTimersByTimeAsync(5_000)
    const later = ask()
    await vi.advanceTimersByTimeAsync(100)
    await later
    expect(checks).toBe(2)
  })

  it('does not ask a part again that still owes an answer', async () => {
    vi.useFakeTimers()
    let checks = 0
    const hung: HealthCheck = () => {
      checks += 1
      return never()
    }
    const ask = openReadiness({ hung }, log)
    for (let round = 0; round < 5; round += 1) {
      const answers = Promise.all(Array.from({ length: 100 }, ask))
      await vi.advanceTimersByTimeAsync(4_000)
      for (const { status } of await answers) expect(status).toBe('down')
    }
    expect(checks).toBe(1)
    await vi.advanceTimersByTimeAsync(60_000)
    void ask()
    expect(checks).toBe(2)
  })
})
