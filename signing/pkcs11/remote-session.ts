import { SHARE_ENV, Worker } from 'node:worker_threads'
import { sessionFailure, threadLost } from './failure.ts'
import type { PostedAnswer, PostedRequest, SessionOperation, SessionRequests } from './session-request.ts'

/**
 * The main thread's end of a session thread. It takes one request at a time; who asks while another is under way has
 * made a mistake. It does not keep the process alive while it is idle.
 */
export class RemoteSession {
  /** The generation of the module in which its session was opened; undefined when it has to be opened. */
  openedIn: number | undefined
  readonly #worker: Worker
  #pending: { readonly operation: SessionOperation; settle(answer: PostedAnswer | Error): void } | undefined
  #gone: Error | undefined

  constructor(modulePath: string) {
    this.#worker = new Worker(new URL('./session-thread.ts', import.meta.url), {
      workerData: { modulePath },
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

  /** Whether its thread has ended; it then refuses every request. */
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
          if (answer instanceof Error) reject(threadLost(operation, answer))
          else if (answer.ok) resolve(answer.answer as SessionRequests[O]['answer'])
          else reject(sessionFailure(operation, answer.failure))
        },
      }
      this.#worker.ref()
      this.#worker.postMessage({ operation, argument } as PostedRequest)
    })
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(answer: PostedAnswer | Error): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#worker.unref()
    pending?.settle(answer)
  }

  #end(error: Error): void {
    this.#gone ??= error
    if (this.#pending !== undefined) this.#settle(error)
  }
}
