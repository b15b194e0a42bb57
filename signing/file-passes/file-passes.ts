import { constants } from 'node:os'
import { Worker } from 'node:worker_threads'
import { SigningError } from '../signing-error.ts'
import type { PassAnswer, PassOrder, PassResult, ReadOrder } from './orders.ts'

/** How far a pass has come, in bytes. */
export interface PassProgress {
  readonly done: number
  readonly total: number
}

/** How the caller follows a pass and calls it off. */
export interface PassOptions {
  /** Ends the pass with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called after every few MiB. */
  readonly onProgress?: ((progress: PassProgress) => void) | undefined
}

/**
 * Threads that read files from their beginning to their end, so that several large ones are hashed, copied and verified
 * at once on as many cores, and the event loop stays free. Each order is one pass: every byte is read once, whatever is
 * done with it. Threads start when they are first needed and do not keep the process alive.
 */
export class FilePasses {
  readonly #limit: number
  readonly #threads = new Set<Worker>()
  readonly #idle: Worker[] = []
  readonly #waiting: (() => void)[] = []
  #closed = false

  /** @param limit how many threads there may be; as many as cores can be used */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Reads a file's first `end` bytes once: hashes, copies and digests them, as asked.
   *
   * @throws SigningError `FILE_TRUNCATED` when the file ends before, `FILE_READ_FAILED`, `FILE_WRITE_FAILED`,
   *   `FILE_PASS_FAILED` (transient); the digester's own codes; the signal's reason when it is aborted
   */
  async read(order: ReadOrder, options: PassOptions = {}): Promise<PassResult> {
    const thread = await this.#take()
    let answer: FinalAnswer | undefined
    try {
      answer = await carryOut(thread, order, options)
    } finally {
      this.#giveBack(thread, answer !== undefined)
    }
    if (answer.kind === 'cancelled') throw options.signal?.reason
    if (answer.kind === 'failed') {
      const { code, message, errno } = answer
      throw new SigningError(
        code,
        message,
        errno === undefined ? {} : { transient: true, cause: systemError(errno, message) },
      )
    }
    return answer.result
  }

  /** Ends the threads; passes under way fail with `FILE_PASS_FAILED`, later ones too. */
  async close(): Promise<void> {
    this.#closed = true
    for (const resume of this.#waiting.splice(0)) resume()
    await Promise.all([...this.#threads].map((thread) => thread.terminate()))
  }

  async #take(): Promise<Worker> {
    while (!this.#closed) {
      const idle = this.#idle.pop()
      if (idle !== undefined) return idle
      if (this.#threads.size < this.#limit) return this.#start()
      await new Promise<void>((resume) => this.#waiting.push(resume))
    }
    throw passFailed('the threads were closed')
  }

  #start(): Worker {
    const thread = new Worker(new URL('./pass-thread.ts', import.meta.url))
    // An error that nobody listens to would end the process; whoever waits for an answer hears of the thread's end.
    thread.on('error', () => undefined)
    thread.unref()
    this.#threads.add(thread)
    return thread
  }

  #giveBack(thread: Worker, usable: boolean): void {
    if (usable) {
      this.#idle.push(thread)
    } else {
      this.#threads.delete(thread)
      void thread.terminate()
    }
    this.#waiting.shift()?.()
  }
}

type FinalAnswer = Exclude<PassAnswer, { kind: 'progress' }>

/** Waits until the thread has stopped touching the files, whatever comes of it. */
function carryOut(thread: Worker, order: ReadOrder, { signal, onProgress }: PassOptions): Promise<FinalAnswer> {
  const cancelled = new SharedArrayBuffer(4)
  const cancel = () => Atomics.store(new Int32Array(cancelled), 0, 1)
  const { promise, resolve, reject } = Promise.withResolvers<FinalAnswer>()
  let failure: unknown
  const onMessage = (answer: PassAnswer) => {
    if (answer.kind !== 'progress') return resolve(answer)
    try {
      onProgress?.({ done: answer.done, total: order.end })
    } catch (thrown) {
      failure = thrown
      cancel()
    }
  }
  const onExit = () => reject(passFailed('the thread ended'))
  thread.ref()
  thread.on('message', onMessage).on('exit', onExit)
  signal?.addEventListener('abort', cancel)
  if (signal?.aborted === true) cancel()
  const complete: PassOrder = { ...order, cancelled }
  thread.postMessage(complete)
  return promise
    .then((answer) => {
      if (failure !== undefined) throw failure
      return answer
    })
    .finally(() => {
      thread.off('message', onMessage).off('exit', onExit)
      signal?.removeEventListener('abort', cancel)
      thread.unref()
    })
}

/** What the system said in the thread: an error's own fields do not survive the way between threads. */
function systemError(code: string, message: string): Error {
  const errno = (constants.errno as Readonly<Record<string, number>>)[code] ?? 0
  return Object.assign(new Error(message), { code, errno: -errno })
}

function passFailed(why: string): SigningError {
  return new SigningError('FILE_PASS_FAILED', `The file could not be read to its end: ${why}.`, { transient: true })
}
