import { Worker } from 'node:worker_threads'
import type { SqliteAppend, SqliteGroupOutcome } from './sqlite-transaction.ts'

/** Writes groups of appends to one log's file, in a thread: the event loop does not wait for the disk. */
export type SqliteCommits = {
  /**
   * Writes a group of appends in one transaction. The group before must have been answered.
   *
   * @throws Error when the thread cannot be started, or ends before it answers: whether the group was written is not known then
   */
  commit(group: readonly SqliteAppend[]): Promise<SqliteGroupOutcome>
  /** Ends the thread. The last group must have been answered. */
  close(): Promise<void>
}

/**
 * The thread starts with the first group, since many processes only read; one that ended is replaced with the next group.
 * It keeps the process alive only while a group is under way.
 *
 * @param path of the log's file, which must have been made
 */
export function sqliteCommits(path: string): SqliteCommits {
  let worker: Worker | undefined
  let underWay: PromiseWithResolvers<SqliteGroupOutcome> | undefined

  function start(): Worker {
    const started = new Worker(new URL('./sqlite-commit-thread.ts', import.meta.url), { workerData: path })
    let reason: unknown
    started.on('message', (outcome: SqliteGroupOutcome) => {
      started.unref()
      underWay?.resolve(outcome)
      underWay = undefined
    })
    started.on('error', (error) => {
      reason = error
    })
    started.on('exit', (code) => {
      if (worker !== started) return
      worker = undefined
      const why = reason instanceof Error ? reason.message : `exit code ${code}`
      underWay?.reject(new Error(`the thread that writes it ended (${why})`, { cause: reason }))
      underWay = undefined
    })
    return started
  }

  return {
    async commit(group) {
      worker ??= start()
      underWay = Promise.withResolvers()
      const { promise } = underWay
      worker.ref()
      worker.postMessage(group)
      return promise
    },
    async close() {
      if (worker === undefined) return
      const { promise, resolve } = Promise.withResolvers<number>()
      worker.once('exit', resolve)
      worker.ref()
      worker.postMessage('close')
      await promise
    },
  }
}
