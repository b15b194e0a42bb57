import Fastify from 'fastify'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type HealthCheck, readiness, registerHealth } from '../../server/health.ts'

const works: HealthCheck = async () => undefined
const away: HealthCheck = async () => {
  throw Object.assign(new Error('The event log does not answer.'), { code: 'EVENT_LOG_UNAVAILABLE' })
}
const never: HealthCheck = () => new Promise(() => undefined)

/** The answers of a service with these parts. */
async function served(checks: Readonly<Record<string, HealthCheck>>) {
  const fastify = Fastify()
  registerHealth(fastify, checks)
  onTestFinished(() => fastify.close())
  const ask = async (url: string) => {
    const response = await fastify.inject({ url })
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

  it('tells every part that is down, not the first alone', async () => {
    const broken: HealthCheck = () => {
      throw new Error('It broke at once.')
    }
    expect(await readiness({ eventLog: away, temporal: broken, readModel: works })).toMatchObject({
      status: 'down',
      checks: { eventLog: { status: 'down' }, temporal: { status: 'down', reason: 'It broke at once.' } },
    })
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
