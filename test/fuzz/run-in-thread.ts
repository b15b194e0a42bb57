import { Worker } from 'node:worker_threads'
import type { FuzzReport } from './target.ts'

/** How a run ended: as the target says, or with the input that it failed for, hung at or ended the thread at. */
export type FuzzVerdict =
  | { readonly kind: 'passed'; readonly report: FuzzReport }
  | { readonly kind: 'failed'; readonly seed: number; readonly what: string; readonly input: Uint8Array | undefined }

/** What the thread is told. `state` holds three Int32: inputs begun, seed of the last one, and non-zero to stop. */
export interface FuzzThreadOrder {
  /** The file that exports the target. */
  readonly module: string
  readonly seed: number
  readonly count: number
  readonly state: SharedArrayBuffer
}

/** What is run, and how long nothing may come of an input. */
export interface FuzzThreadRequest {
  readonly module: string
  readonly seed: number
  readonly count: number
  readonly signal: AbortSignal
  readonly hangAfterMs?: number
}

/** No input, and no check of a batch of accepted ones by another tool, takes this long, on the slowest machine. */
const timeoutMs = 120_000

/**
 * Runs a target in a thread of its own, so that an endless loop, an error that nobody catches and an exit are failures
 * too, with the input at which they happened.
 */
export async function runInThread(
  request: FuzzThreadRequest,
  onProgress: (inputs: number) => void = () => undefined,
): Promise<FuzzVerdict> {
  const { module, seed, count, signal, hangAfterMs = timeoutMs } = request
  const state = new SharedArrayBuffer(12)
  const view = new Int32Array(state)
  const order: FuzzThreadOrder = { module, seed, count, state }
  const thread = new Worker(new URL('./fuzz-thread.ts', import.meta.url), { workerData: order })
  const stop = () => Atomics.store(view, 2, 1)
  signal.addEventListener('abort', stop)
  const { promise, resolve } = Promise.withResolvers<FuzzVerdict>()
  const failed = (what: string) => resolve({ kind: 'failed', seed: Atomics.load(view, 1), what, input: undefined })
  let seen = { inputs: -1, at: performance.now() }
  const watch = setInterval(
    () => {
      const inputs = Atomics.load(view, 0)
      // What a target prepares before its first input has its own time.
      const limit = inputs === 0 ? timeoutMs : hangAfterMs
      if (inputs !== seen.inputs) seen = { inputs, at: performance.now() }
      else if (performance.now() - seen.at > limit) failed(`nothing came of the input within ${limit / 1000} s`)
      onProgress(inputs)
    },
    Math.min(1000, hangAfterMs),
  )
  thread.on('message', (verdict: FuzzVerdict) => resolve(verdict))
  thread.on('error', (error) => failed(`an error that nobody caught: ${error instanceof Error ? error.stack : error}`))
  thread.on('exit', (status) => failed(`the input ended the process (status ${status})`))
  try {
    return await promise
  } finally {
    clearInterval(watch)
    signal.removeEventListener('abort', stop)
    await thread.terminate()
  }
}
