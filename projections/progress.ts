import type { LogPosition } from '../event-log/index.ts'
import { ReadModelError } from './read-model-error.ts'

/** How often the checkpoint is looked at while somebody waits: another process may be the one that moves it. */
const pollMs = 20

/** Lets callers wait until the read model has come to a position. */
export type Progress = {
  /** A projector of this process moved the checkpoint. */
  readonly notify: (position: LogPosition) => void
  /**
   * Waits until the read model has everything up to a position.
   *
   * @throws ReadModelError `READ_MODEL_BEHIND` after `timeoutMs`, `READ_MODEL_CLOSED`
   */
  readonly reached: (position: LogPosition, timeoutMs: number, signal: AbortSignal | undefined) => Promise<void>
  /** The read model's position as soon as it is beyond another one; `undefined` when the signal came first, or the end. */
  readonly beyond: (position: LogPosition | undefined, signal: AbortSignal) => Promise<LogPosition | undefined>
  /** Ends all waiting. */
  readonly close: () => void
}

type Waiter = { readonly notify: (position: LogPosition | undefined) => void; readonly end: () => void }

/**
 * @param readPosition reads the checkpoint; asked only while somebody waits. When it fails, it is asked again later:
 *   the database may be away for a moment
 */
export function createProgress(readPosition: () => Promise<LogPosition | undefined>): Progress {
  const waiters = new Set<Waiter>()
  let nextLook: NodeJS.Timeout | undefined
  let lookIsDue = false
  let closed = false

  function notify(position: LogPosition | undefined): void {
    for (const waiter of [...waiters]) waiter.notify(position)
  }

  async function look(): Promise<void> {
    lookIsDue = false
    clearTimeout(nextLook)
    try {
      notify(await readPosition())
    } catch {
      // Whoever waits runs into its own time limit, and a query of its own says what is wrong.
    }
    clearTimeout(nextLook)
    if (waiters.size > 0 && !closed) nextLook = setTimeout(look, pollMs)
  }

  function wait(signal: AbortSignal | undefined, enough: (position: LogPosition | undefined) => boolean) {
    const { promise, resolve } = Promise.withResolvers<{ readonly position: LogPosition | undefined } | undefined>()
    if (closed || signal?.aborted) return Promise.resolve(undefined)
    const leave = () => waiter.end()
    const waiter: Waiter = {
      notify: (position) => {
        if (enough(position)) settle({ position })
      },
      end: () => settle(undefined),
    }
    function settle(outcome: { readonly position: LogPosition | undefined } | undefined): void {
      waiters.delete(waiter)
      signal?.removeEventListener('abort', leave)
      resolve(outcome)
    }
    waiters.add(waiter)
    signal?.addEventListener('abort', leave, { once: true })
    // At once, since it may be there already; one look for all that begin to wait together.
    if (!lookIsDue) setImmediate(look)
    lookIsDue = true
    return promise
  }

  return {
    notify,

    async reached(position, timeoutMs, signal) {
      const timeLimit = AbortSignal.timeout(timeoutMs)
      const either = signal === undefined ? timeLimit : AbortSignal.any([timeLimit, signal])
      let seen: LogPosition | undefined
      const outcome = await wait(either, (present) => {
        seen = present
        return present !== undefined && present >= position
      })
      if (outcome !== undefined) return
      if (closed || signal?.aborted) throw new ReadModelError('READ_MODEL_CLOSED', 'The service is stopping.')
      throw new ReadModelError(
        'READ_MODEL_BEHIND',
        `The read model did not reach the position ${position} within ${timeoutMs} ms; it is at ${seen ?? 'the beginning'}. Ask again later.`,
        { details: { expected: position, actual: seen ?? null, waitedMs: timeoutMs } },
      )
    },

    async beyond(position, signal) {
      const outcome = await wait(
        signal,
        (present) => present !== undefined && (position === undefined || present > position),
      )
      return outcome?.position
    },

    close() {
      closed = true
      clearTimeout(nextLook)
      for (const waiter of [...waiters]) waiter.end()
    },
  }
}
