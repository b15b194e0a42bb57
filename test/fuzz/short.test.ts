import { describe, expect, test } from 'vitest'
import { findTargets } from './find-targets.ts'
import { type FuzzReport, type FuzzTarget, fuzzInputs } from './target.ts'

const targets = await findTargets()

describe('no input shows a fault', () => {
  test.each(targets.map((target) => [target.name, target] as const))('%s', async (_name, target: FuzzTarget) => {
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
