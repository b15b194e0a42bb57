import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findTargets } from './find-targets.ts'
import { type FuzzVerdict, runInThread } from './run-in-thread.ts'
import { type FuzzReport, type FuzzTarget, fuzzInputs } from './target.ts'

const targets = await findTargets()

describe('no input shows a fault', () => {
  test.each(targets.map(({ target }) => [target.name, target] as const))('%s', async (_name, target: FuzzTarget) => {
    const count = target.shortCount ?? 300
    const report: FuzzReport = await target.run({ seed: 1, count, signal: new AbortController().signal })
    expect(report.inputs).toBe(count)
    expect(Object.keys(report.outcomes).length).toBeGreaterThan(1)
  })
})

test('an input is made from its own seed alone, so that a failure can be repeated as the only input of a run', async () => {
  const choices: number[][] = []
  const run = (seed: number, count: number) =>
    fuzzInputs({ seed, count, signal: new AbortController().signal }, async (random) => {
      choices.push([random.below(1000), random.below(1000), random.below(1000)])
      return 'accepted'
    })
  await run(7, 3)
  await run(9, 1)
  expect(choices[3]).toEqual(choices[2])
  expect(choices[1]).not.toEqual(choices[0])
})

describe('a run in a thread ends with the input that', () => {
  const run = (seed: number): Promise<FuzzVerdict> =>
    runInThread({
      module: join(import.meta.dirname, '..', 'support', 'faulty-fuzz-target.ts'),
      seed,
      count: 10,
      signal: new AbortController().signal,
      hangAfterMs: 3_000,
    })

  test.each([
    ['shows a fault', 10, 12, /^it does not hold/],
    ['ends the process', 20, 22, /ended the process \(status 3\)/],
    ['makes an error that nobody catches', 30, 32, /nobody caught: Error: thrown later/],
    ['never comes back', 40, 42, /nothing came of the input/],
    ['never answers', 50, 52, /nothing came of the input/],
  ])('%s', async (_what, seed, at, what) => {
    expect(await run(seed)).toMatchObject({ kind: 'failed', seed: at, what: expect.stringMatching(what) })
  })

  test('and none is a report', async () => {
    expect(await run(0)).toEqual({ kind: 'passed', report: { inputs: 10, outcomes: { accepted: 10 } } })
  })
})
