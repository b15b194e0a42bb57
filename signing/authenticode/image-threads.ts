import { Worker } from 'node:worker_threads'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import type { ImagePassRequest, ImagePassResult } from './image-pass.ts'
import type { PeFile } from './pe-file.ts'

/** What a thread is told to do: file descriptors belong to the whole process. */
export interface ImageThreadOrder {
  readonly input: number
  readonly output: number
  readonly file: PeFile
  readonly hashAlgorithm: HashAlgorithm
  /** One Int32; anything but zero means stop. */
  readonly cancelled: SharedArrayBuffer
}

/** What a thread says. */
export type ImageThreadAnswer =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly imageDigest: Uint8Array; readonly sum: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/**
 * Threads that pass over images of more than one block, so that several large programs are signed at once on as many
 * cores and the event loop stays free. Threads start when they are first needed and do not keep the process alive.
 */
export class ImageThreads {
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
   * Does what `passOverImage` does, in a thread; the whole image is written afterwards.
   *
   * @throws SigningError with a `PE_…` code, or `AUTHENTICODE_THREAD_FAILED` (transient); the signal's reason when it is
   * aborted
   */
  async pass(request: ImagePassRequest): Promise<ImagePassResult> {
    const thread = await this.#take()
    let answer: Exclude<ImageThreadAnswer, { kind: 'progress' }> | undefined
    try {
      answer = await carryOut(thread, request)
    } finally {
      this.#giveBack(thread, answer !== undefined)
    }
    if (answer.kind === 'cancelled') throw request.signal?.reason
    if (answer.kind === 'failed') throw new SigningError(answer.code, answer.message)
    return { imageDigest: answer.imageDigest, sum: answer.sum, held: undefined }
  }

  /** Ends the threads; passes under way fail with `AUTHENTICODE_THREAD_FAILED`, later ones too. */
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
    throw threadFailed('the threads were closed')
  }

  #start(): Worker {
    const thread = new Worker(new URL('./image-thread.ts', import.meta.url))
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

/** Waits until the thread has stopped touching the files, whatever comes of it. */
function carryOut(
  thread: Worker,
  { input, output, file, hashAlgorithm, signal, onProgress }: ImagePassRequest,
): Promise<Exclude<ImageThreadAnswer, { kind: 'progress' }>> {
  const cancelled = new SharedArrayBuffer(4)
  const cancel = () => Atomics.store(new Int32Array(cancelled), 0, 1)
  const { promise, resolve, reject } = Promise.withResolvers<Exclude<ImageThreadAnswer, { kind: 'progress' }>>()
  let failure: unknown
  const onMessage = (answer: ImageThreadAnswer) => {
    if (answer.kind !== 'progress') return resolve(answer)
    try {
      onProgress?.({ done: answer.done, total: file.imageSize })
    } catch (thrown) {
      failure = thrown
      cancel()
    }
  }
  const onExit = () => reject(threadFailed('the thread ended'))
  thread.ref()
  thread.on('message', onMessage).on('exit', onExit)
  signal?.addEventListener('abort', cancel)
  if (signal?.aborted === true) cancel()
  const order: ImageThreadOrder = { input: input.handle.fd, output: output.fd, file, hashAlgorithm, cancelled }
  thread.postMessage(order)
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

function threadFailed(why: string): SigningError {
  return new SigningError('AUTHENTICODE_THREAD_FAILED', `The image could not be passed over: ${why}.`, {
    transient: true,
  })
}
