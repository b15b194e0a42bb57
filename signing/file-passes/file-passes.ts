import { constants } from 'node:os'
import { Worker } from 'node:worker_threads'
import { SigningError } from '../signing-error.ts'
import type { CompleteOrder, FileWork, PassAnswer, PassOrder, PassResult, PassThreadData, ReadOrder } from './orders.ts'

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

/** What reading the structure of a file may take. */
export interface ParseLimits {
  /** Of time that passes. */
  readonly milliseconds: number
  /** Of JavaScript's heap; buffers are the work's own to bound. */
  readonly mebibytes: number
}

/** Ten seconds and 256 MiB: whatever is within the limits of sizes and counts takes far less. */
export const usualParseLimits: ParseLimits = { milliseconds: 10_000, mebibytes: 256 }

/**
 * Threads that read files from their beginning to their end, so that several large ones are hashed, copied and verified
 * at once on as many cores, and the event loop stays free. Each order is one pass: every byte is read once, whatever is
 * done with it. Threads start when they are first needed and do not keep the process alive.
 */
export class FilePasses {
  readonly #limit: number
  readonly #threads = new Set<PassThread>()
  readonly #idle: PassThread[] = []
  readonly #waiting: (() => void)[] = []
  readonly #parseLimits: ParseLimits | undefined
  #parsers: FilePasses | undefined
  #closed = false

  /**
   * @param limit how many threads there may be; as many as cores can be used
   * @param parseLimits what an order may take; without them nothing is limited
   */
  constructor(limit: number, parseLimits?: ParseLimits) {
    this.#limit = limit
    this.#parseLimits = parseLimits
  }

  /**
   * Reads a file's first `end` bytes once: hashes, copies and digests them, as asked.
   *
   * @throws SigningError `FILE_TRUNCATED` when the file ends before, `FILE_READ_FAILED`, `FILE_WRITE_FAILED`,
   *   `FILE_PASS_FAILED` (transient); the digester's own codes; the signal's reason when it is aborted
   */
  async read(order: ReadOrder, options: PassOptions = {}): Promise<PassResult> {
    return (await this.#carryOut({ kind: 'read', order }, options)) as PassResult
  }

  /**
   * Has a module do its work on files in a thread.
   *
   * @returns what the module's `doFileWork` answers
   * @throws SigningError `FILE_PASS_FAILED` (transient), `FILE_WRITE_FAILED`; the module's own codes; the signal's reason when it
   *   is aborted
   */
  work(order: FileWork, options: PassOptions = {}): Promise<unknown> {
    return this.#carryOut({ kind: 'work', order }, options)
  }

  /**
   * Has a module read what somebody else made, such as a document with a structure of its own, in a thread whose time and memory are
   * limited: a file that was made to take for ever ends the thread and not the service. Threads of their own, so that no pass waits for
   * them.
   *
   * @returns what the module's `doFileWork` answers
   * @throws SigningError `FILE_PARSE_LIMIT` when it takes more; as {@link work}
   */
  parse(order: FileWork, options: PassOptions = {}): Promise<unknown> {
    this.#parsers ??= new FilePasses(this.#limit, usualParseLimits)
    return this.#parsers.work(order, options)
  }

  /**
   * Writes what a file lacks, closes it and gives it its name. Comes before whatever waits for a thread, since nothing is
   * read for it. When it fails, the file under the temporary name remains.
   *
   * @throws SigningError `FILE_WRITE_FAILED`, `FILE_PASS_FAILED` (both transient)
   */
  async complete(order: CompleteOrder): Promise<void> {
    await this.#carryOut({ kind: 'complete', order }, {})
  }

  async #carryOut(order: PassOrder, options: PassOptions): Promise<unknown> {
    const thread = await this.#take(order.kind === 'complete')
    let answer: FinalAnswer | undefined
    try {
      answer = await carryOut(thread, order, options, this.#parseLimits)
    } finally {
      this.#giveBack(thread, answer !== undefined)
    }
    if (answer.kind === 'cancelled') throw options.signal?.reason
    if (answer.kind === 'failed') {
      const { code, message, transient, errno } = answer
      throw new SigningError(code, message, {
        transient,
        ...(errno !== undefined && { cause: systemError(errno, message) }),
      })
    }
    return answer.result
  }

  /** Ends the threads; passes under way fail with `FILE_PASS_FAILED`, later ones too. */
  async close(): Promise<void> {
    this.#closed = true
    for (const resume of this.#waiting.splice(0)) resume()
    await Promise.all([...[...this.#threads].map((thread) => thread.worker.terminate()), this.#parsers?.close()])
  }

  async #take(first: boolean): Promise<PassThread> {
    while (!this.#closed) {
      const idle = this.#idle.pop()
      if (idle !== undefined) return idle
      if (this.#threads.size < this.#limit) return this.#start()
      await new Promise<void>((resume) => {
        if (first) this.#waiting.unshift(resume)
        else this.#waiting.push(resume)
      })
    }
    throw passFailed('the threads were closed')
  }

  #start(): PassThread {
    const cancelled = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(new URL('./pass-thread.ts', import.meta.url), {
      workerData: { cancelled } satisfies PassThreadData,
      // A descriptor that one thread opens may be closed by another; whoever remembered it would close a stranger's.
      trackUnmanagedFds: false,
      ...(this.#parseLimits && { resourceLimits: { maxOldGenerationSizeMb: this.#parseLimits.mebibytes } }),
    })
    const thread: PassThread = { worker, cancelled, isOutOfMemory: false }
    // An error that nobody listens to would end the process; whoever waits for an answer gets the end of the thread as an error.
    worker.on('error', (error: NodeJS.ErrnoException) => {
      thread.isOutOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    })
    worker.unref()
    this.#threads.add(thread)
    return thread
  }

  #giveBack(thread: PassThread, usable: boolean): void {
    if (usable) {
      this.#idle.push(thread)
    } else {
      this.#threads.delete(thread)
      void thread.worker.terminate()
    }
    this.#waiting.shift()?.()
  }
}

type PassThread = { readonly worker: Worker; isOutOfMemory: boolean } & PassThreadData
type FinalAnswer = Exclude<PassAnswer, { kind: 'progress' | 'started' }>

/** For a thread that is limited to start and load the module of its work, in milliseconds; on a machine with too much to do it takes seconds. */
const startLimit = 120_000

/** Waits until the thread has stopped touching the files, whatever comes of it. */
function carryOut(
  thread: PassThread,
  order: PassOrder,
  { signal, onProgress }: PassOptions,
  limits: ParseLimits | undefined,
): Promise<FinalAnswer> {
  const { worker, cancelled } = thread
  const cancel = () => Atomics.store(cancelled, 0, 1)
  const { promise, resolve, reject } = Promise.withResolvers<FinalAnswer>()
  let failure: unknown
  // Until the module of the work is loaded, what takes time is the machine and not the file.
  let timer = limits && setTimeout(() => reject(passFailed('the thread did not start')), startLimit)
  const onStart = (limit: ParseLimits) => {
    clearTimeout(timer)
    timer = setTimeout(() => reject(overLimit(limit)), limit.milliseconds)
  }
  const onMessage = (answer: PassAnswer) => {
    if (answer.kind === 'started') return limits && onStart(limits)
    if (answer.kind !== 'progress') return resolve(answer)
    try {
      onProgress?.({ done: answer.done, total: answer.total })
    } catch (thrown) {
      failure = thrown
      cancel()
    }
  }
  const onExit = () =>
    reject(limits !== undefined && thread.isOutOfMemory ? overLimit(limits) : passFailed('the thread ended'))
  // Its order before is over.
  Atomics.store(cancelled, 0, 0)
  worker.ref()
  worker.on('message', onMessage).on('exit', onExit)
  signal?.addEventListener('abort', cancel)
  if (signal?.aborted === true) cancel()
  worker.postMessage(order)
  return promise
    .then((answer) => {
      if (failure !== undefined) throw failure
      return answer
    })
    .finally(() => {
      clearTimeout(timer)
      worker.off('message', onMessage).off('exit', onExit)
      signal?.removeEventListener('abort', cancel)
      worker.unref()
    })
}

/** What the system said in the thread: an error's own fields do not survive the way between threads. */
function systemError(code: string, message: string): Error {
  const errno = (constants.errno as Readonly<Record<string, number>>)[code] ?? 0
  return Object.assign(new Error(message), { code, errno: -errno })
}

function overLimit({ milliseconds, mebibytes }: ParseLimits): SigningError {
  return new SigningError(
    'FILE_PARSE_LIMIT',
    `Reading the structure of the file took more than ${milliseconds / 1000} seconds or ${mebibytes} MiB, and was ended: it is larger or deeper than files of its kind are.`,
  )
}

function passFailed(why: string): SigningError {
  return new SigningError('FILE_PASS_FAILED', `The file could not be read to its end: ${why}.`, { transient: true })
}
