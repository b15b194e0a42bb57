import { randomInt } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type FoundTarget, findTargets } from './find-targets.ts'
import { type FuzzVerdict, runInThread } from './run-in-thread.ts'

// `npm run fuzz -- [--target NAME]… [--count N] [--seed N]`: mutated inputs for each target, one target after the other.
// Ends with status 1 when an input shows a fault; the input is kept in fuzz-failures/.
const failureFolder = 'fuzz-failures'

const targets = await findTargets()
const { wanted, count, seed } = readOptions()
const stopped = new AbortController()
process.once('SIGINT', () => stopped.abort())
for (const target of wanted) if (!stopped.signal.aborted) await runOne(target)

function readOptions() {
  const { values } = parseArgs({
    options: { target: { type: 'string', multiple: true }, count: { type: 'string' }, seed: { type: 'string' } },
  })
  const names = values.target ?? targets.map(({ target }) => target.name)
  const chosen = targets.filter(({ target }) => names.includes(target.name))
  const unknown = names.filter((name) => !targets.some(({ target }) => target.name === name))
  if (unknown.length > 0)
    throw new Error(
      `There is no target ${unknown.join(', ')}; there are: ${targets.map(({ target }) => target.name).join(', ')}`,
    )
  return {
    wanted: chosen,
    count: readNumber('--count', values.count ?? '100000'),
    // Inputs are numbered upwards from the seed, and the watch over a run keeps 32 bits of it.
    seed: readNumber('--seed', values.seed ?? String(randomInt(2 ** 30))),
  }
}

function readNumber(option: string, text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value >= 2 ** 31)
    throw new Error(`${option} must be a whole number below 2^31, not ${text}`)
  return value
}

async function runOne({ target: { name }, module }: FoundTarget): Promise<void> {
  process.stdout.write(`${name}: ${count} inputs from seed ${seed}\n`)
  const started = performance.now()
  let shown = started
  const rate = (inputs: number) =>
    `${Math.round((inputs * 1000) / (performance.now() - started))} inputs/s, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`
  const verdict = await runInThread({ module, seed, count, signal: stopped.signal }, (inputs) => {
    if (performance.now() - shown < 30_000) return
    shown = performance.now()
    process.stdout.write(`${name}: ${inputs} so far, ${rate(inputs)}\n`)
  })
  if (verdict.kind === 'failed') return reportFailure(name, verdict)
  const { inputs, outcomes } = verdict.report
  process.stdout.write(`${name}: ${inputs} inputs, ${rate(inputs)}, no fault\n`)
  const lines = Object.entries(outcomes).toSorted(([, one], [, other]) => other - one)
  for (const [outcome, times] of lines) process.stdout.write(`${String(times).padStart(9)}  ${outcome}\n`)
}

async function reportFailure(name: string, failure: Extract<FuzzVerdict, { kind: 'failed' }>): Promise<void> {
  process.exitCode = 1
  process.stdout.write(`${name}: FAULT at seed ${failure.seed}: ${failure.what}\n`)
  if (failure.input !== undefined) {
    await mkdir(failureFolder, { recursive: true })
    const path = join(failureFolder, `${name}-${failure.seed}`)
    await writeFile(path, failure.input)
    process.stdout.write(`${name}: the input is ${path}\n`)
  }
  process.stdout.write(`${name}: again with  npm run fuzz -- --target ${name} --seed ${failure.seed} --count 1\n`)
}
