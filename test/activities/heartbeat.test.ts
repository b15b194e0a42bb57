import { MockActivityEnvironment } from '@temporalio/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { reporting, withHeartbeat } from '../../activities/heartbeat.ts'
import { silenceWorkers } from '../support/temporal.ts'

silenceWorkers()

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Runs a body as an activity does; counts its heartbeats. */
function run<Result>(body: Parameters<typeof withHeartbeat<Result>>[0], limitMs: number) {
  const environment = new MockActivityEnvironment()
  const beats = { count: 0 }
  environment.on('heartbeat', () => beats.count++)
  const outcome = environment
    .run(() => withHeartbeat(body, limitMs))
    .then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    )
  return { environment, beats, outcome }
}

describe('heartbeats vouch for progress', () => {
  test('they stop with it, and the activity fails in a way that is tried again, with a code', async () => {
    let given: AbortSignal | undefined
    const { beats, outcome } = run(({ signal }) => {
      given = signal
      return new Promise<never>(() => undefined)
    }, 60_000)
    await vi.advanceTimersByTimeAsync(59_000)
    const before = beats.count
    expect(before).toBeGreaterThan(20)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(beats.count).toBe(before)
    expect(await outcome).toMatchObject({
      error: { type: 'STEP_STALLED', nonRetryable: false, message: expect.stringContaining('no progress for 60 s') },
    })
    expect(given?.aborted).toBe(true)
  })

  test('they go on for as long as there is some', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const { beats, outcome } = run(({ progress }) => {
      const working = setInterval(progress, 50_000)
      return promise.finally(() => clearInterval(working))
    }, 60_000)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(beats.count).toBeGreaterThan(1000)
    resolve('done')
    expect(await outcome).toEqual({ result: 'done' })
  })

  test('a call of what the activity works with is progress when it is made and when it returns, and none in between', async () => {
    const calls: (() => void)[] = []
    const sign = () => new Promise<void>((resolve) => void calls.push(resolve))
    const token = { findKey: async () => ({ sign }) }
    const { outcome } = run(async ({ progress }) => {
      const key = await reporting(token, progress).findKey()
      await key.sign()
      await key.sign()
    }, 60_000)
    await vi.advanceTimersByTimeAsync(50_000)
    calls[0]?.()
    await vi.advanceTimersByTimeAsync(50_000)
    expect(calls).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(50_000)
    expect(await outcome).toMatchObject({ error: { type: 'STEP_STALLED' } })
  })

  test('a cancelled activity ends as cancelled', async () => {
    const { environment, outcome } = run(
      ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      60_000,
    )
    await vi.advanceTimersByTimeAsync(1000)
    environment.cancel('CANCELLED')
    expect(await outcome).toMatchObject({ error: { name: 'CancelledFailure' } })
  })
})
