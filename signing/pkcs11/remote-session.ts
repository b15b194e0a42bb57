import { SHARE_ENV, Worker } from 'node:worker_threads'
import { callTimedOut, SessionFailure, sessionFailure, threadLost } from './failure.ts'
import type {
  PostedAnswer,
  PostedRequest,
  SessionOperation,
  SessionRequests,
  SessionThreadData,
} from './session-request.ts'

/** How many times longer than others the calls may take that make keys or tokens: a smart card needs minutes. */
const slowness: Partial<Record<SessionOperation, number>> = { generateKey: 10, importKey: 10, initializeToken: 10 }

/** What a session thread needs from whoever counts the threads of a module. */
export interface SessionThreadOptions {
  /** How long one call of the module may take, in milliseconds. */
  readonly callLimitMs: number
  /** Called when a call did not return in time; what it answers is called when the thread has ended after all. */
  readonly onHang: () => () => void
}

/**
 * The main thread's end of a session thread. It takes one request at a time; who asks while another is under way has
 * made a mistake. It does not keep the process alive while it is idle.
 *
 * A thread inside a call of the module cannot be ended. When a call does not return in time the thread is given up: the
 * session is gone, and the thread ends by itself if the call ever returns.
 */
export class RemoteSession {
  /** The generation of the module in which its session was opened; undefined when it has to be opened. */
  openedIn: number | undefined
  readonly #worker: Worker
  readonly #options: SessionThreadOptions
  readonly #calls = new SharedArrayBuffer(4)
  #pending:
    | { readonly operation: SessionOperation; settle(answer: PostedAnswer | SessionFailure | Error): void }
    | undefined
  #watch: NodeJS.Timeout | undefined
  #gone: Error | undefined
  #hangs = false

  constructor(modulePath: string, options: SessionThreadOptions) {
    this.#options = options
    const workerData: SessionThreadData = { modulePath, calls: this.#calls }
    this.#worker = new Worker(new URL('./session-thread.ts', import.meta.url), {
      workerData,
      env: SHARE_ENV,
      name: 'pkcs11-session',
      // A session needs little; without a limit each thread's heap grows by some 10 MB before it is cleaned up.
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 },
    })
    this.#worker.unref()
    this.#worker.on('message', (answer: PostedAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#end(error))
    this.#worker.on('exit', () => this.#end(new Error('the thread ended')))
  }

  /** Whether its thread has ended or was given up; it then refuses every request. */
  get gone(): boolean {
    return this.#gone !== undefined
  }

  /** @throws SessionFailure */
  request<O extends SessionOperation>(
    operation: O,
    argument: SessionRequests[O]['argument'],
  ): Promise<SessionRequests[O]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(threadLost(operation, this.#gone))
        return
      }
      if (this.#pending !== undefined) throw new Error(`'${operation}' was asked of a session that is busy`)
      this.#pending = {
        operation,
        settle: (answer) => {
          if (answer instanceof SessionFailure) reject(answer)
          else if (answer instanceof Error) reject(threadLost(operation, answer))
          else if (answer.ok) resolve(answer.answer as SessionRequests[O]['answer'])
          else reject(sessionFailure(operation, answer.failure))
        },
      }
      this.#worker.ref()
      this.#worker.postMessage({ operation, argument } as PostedRequest)
      this.#watchCalls(operation)
    })
  }

  /** Ends the thread; one that is inside a call that does not return is left to itself. */
  async terminate(): Promise<void> {
    const terminated = this.#worker.terminate()
    if (!this.#hangs) await terminated
  }

  /** Gives the thread up when it was inside the same call of the module for as long as the limit. */
  #watchCalls(operation: SessionOperation): void {
    const limit = this.#options.callLimitMs * (slowness[operation] ?? 1)
    const calls = new Int32Array(this.#calls)
    let seen = Atomics.load(calls, 0)
    this.#watch = setInterval(() => {
      const now = Atomics.load(calls, 0)
      if (now === seen && now % 2 !== 0) this.#giveUp(operation, limit)
      seen = now
    }, limit)
  }

  #giveUp(operation: SessionOperation, limit: number): void {
    const failure = callTimedOut(operation, limit)
    this.#gone ??= failure
    this.#hangs = true
    const returned = this.#options.onHang()
    this.#worker.once('exit', returned)
    void this.#worker.terminate()
    this.#settle(failure)
  }

  #settle(answer: PostedAnswer | SessionFailure | Error): void {
    const pending = this.#pending
    this.#pending = undefined
    clearInterval(this.#watch)
    this.#worker.unref()
    pending?.settle(answer)
  }

  #end(error: Error): void {
    this.#gone ??= error
    if (this.#pending !== undefined) this.#settle(error)
  }
}
