import { parentPort, workerData } from 'node:worker_threads'
import { importTarget } from './find-targets.ts'
import type { FuzzThreadOrder, FuzzVerdict } from './run-in-thread.ts'
import { FuzzFailure } from './target.ts'

// The thread's side of `run-in-thread.ts`.
const { module, seed, count, state } = workerData as FuzzThreadOrder
const view = new Int32Array(state)
const stopped = new AbortController()
const target = await importTarget(module)

const verdict: FuzzVerdict = await target
  .run({
    seed,
    count,
    signal: stopped.signal,
    onInput(inputSeed) {
      Atomics.store(view, 1, inputSeed)
      Atomics.add(view, 0, 1)
      if (Atomics.load(view, 2) !== 0) stopped.abort()
    },
  })
  .then(
    (report): FuzzVerdict => ({ kind: 'passed', report }),
    (failure: unknown): FuzzVerdict => {
      if (!(failure instanceof FuzzFailure)) throw failure
      const cause = failure.cause instanceof Error ? `\n${failure.cause.stack}` : ''
      return { kind: 'failed', seed: failure.seed, what: `${failure.message}${cause}`, input: failure.input }
    },
  )
parentPort?.postMessage(verdict)
