import { describe, expect, test } from 'vitest'
import { pauseAfter } from '../../domain/index.ts'
import { createRetries, keepRunning, pause, retry } from '../../retry/index.ts'

const quick = { first: 1, longest: 2 }
const away = new Error('away')

/** Fails so many times with these errors, then answers how often it was called. */
function failing(...errors: readonly unknown[]) {
  let calls = 0
  return async () => {
    calls += 1
    if (calls <= errors.length) throw errors[calls - 1]
    return calls
  }
}

describe('pauses', () => {
  test('double from the first to the longest', () => {
    const pauses = [1, 2, 3, 4, 5, 60, 5_000].map((failures) => pauseAfter({ first: 50, longest: 400 }, failures))
    expect(pauses).toEqual([50, 100, 200, 400, 400, 400, 400])
  })

  test('are spread between half and all of it', () => {
    const spread = [0, 0.5, 1].map((random) => pauseAfter({ first: 100, longest: 400 }, 2, random))
    expect(spread).toEqual([100, 150, 200])
  })

  test('end with the signal, without an error', async () => {
    const ending = new AbortController()
    const waiting = pause(3_600_000, ending.signal)
    ending.abort()
    await waiting
    await pause(3_600_000, ending.signal)
  })
})

describe('what is tried again', () => {
  test('succeeds after failures that pass, and both are told once', async () => {
    const told: unknown[] = []
    const result = await retry(failing(away, away, away), {
      backoff: quick,
      onFailure: (error, failures) => told.push([error, failures]),
      onRecovery: () => told.push('recovered'),
    })
    expect(result).toBe(4)
    expect(told).toEqual([[away, 1], [away, 2], [away, 3], 'recovered'])
  })

  test('is not done again when what follows its recovery fails', async () => {
    const work = failing(away)
    const onRecovery = () => {
      throw new Error('after the recovery')
    }
    await expect(retry(work, { backoff: quick, limitMs: () => 100, onRecovery })).rejects.toThrow('after the recovery')
    expect(await work()).toBe(3)
  })

  test('is told of no recovery when it succeeds at once', async () => {
    const onRecovery = () => expect.unreachable()
    expect(await retry(failing(), { backoff: quick, onRecovery })).toBe(1)
  })

  test('fails at once where the failure does not pass, and with that very error', async () => {
    const lasting = new Error('lasting')
    const work = failing(away, lasting, away)
    const limitMs = (error: unknown) => (error === lasting ? 0 : 60_000)
    await expect(retry(work, { backoff: quick, limitMs })).rejects.toBe(lasting)
    await expect(work()).rejects.toBe(away)
  })

  test('fails without a pause that would go beyond the limit', async () => {
    const work = failing(away, away)
    await expect(
      retry(work, { backoff: { first: 3_600_000, longest: 3_600_000 }, limitMs: () => 60_000 }),
    ).rejects.toBe(away)
  })

  test('counts the limit from the first failure in a row, or from the beginning', async () => {
    const options = { backoff: quick, limitMs: () => 60_000 }
    const ofStream = createRetries(options)
    expect(ofStream.elapsedMs()).toBe(0)
    await ofStream.afterFailure(away)
    expect([ofStream.failures(), ofStream.elapsedMs() > 0]).toEqual([1, true])
    ofStream.succeeded()
    expect([ofStream.failures(), ofStream.elapsedMs()]).toEqual([0, 0])
    const ofCall = createRetries({ ...options, limitFrom: 'now' })
    await pause(2)
    expect(ofCall.elapsedMs()).toBeGreaterThan(0)
  })

  test('ends between two tries when the signal is aborted, with its reason', async () => {
    const ending = new AbortController()
    const options = { backoff: { first: 3_600_000, longest: 3_600_000 }, signal: ending.signal }
    const trying = retry(failing(away), { ...options, onFailure: () => ending.abort(new Error('enough')) })
    await expect(trying).rejects.toThrow('enough')
  })
})

describe('what is kept running', () => {
  test('begins again after it ended and after it failed, until it is aborted', async () => {
    const ending = new AbortController()
    const failures: unknown[] = []
    let runs = 0
    await keepRunning(
      async () => {
        runs += 1
        if (runs === 2) throw away
        if (runs < 4) return
        ending.abort()
        throw new Error('part of the end')
      },
      { backoff: quick, signal: ending.signal, onFailure: (error) => (failures.push(error) > 0 ? 'again' : 'end') },
    )
    expect(runs).toBe(4)
    expect(failures).toEqual([away])
  })

  test('ends at a failure that says so', async () => {
    const signal = new AbortController().signal
    const run = failing(away, away)
    await keepRunning(async () => void (await run()), { backoff: quick, signal, onFailure: () => 'end' })
    await expect(run()).rejects.toBe(away)
  })
})
