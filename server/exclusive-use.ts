import { DatabaseSync } from 'node:sqlite'
import { isSqliteBusy, pause } from '../retry/index.ts'

/** Between two tries to take a file that another has, in milliseconds. */
const tryAgainMs = 10

/**
 * Takes `file` for this process alone until the returned function is called or the process ends. The lock is SQLite's:
 * the kernel gives it back however the process ends, so there is no stale lock to clear away.
 *
 * @returns a function that gives the lock back, or `undefined` when another process (or another call here) holds it
 * @throws the error of SQLite when the file cannot be used at all
 */
export function takeExclusively(file: string): (() => void) | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return () => lock.close()
  } catch (error) {
    lock.close()
    if (isSqliteBusy(error)) return undefined
    throw error
  }
}

/**
 * Works while nobody else works under the same file, and waits for whoever does.
 *
 * @param work short: all others wait for it
 * @throws what `work` throws; the error of SQLite when the file cannot be used at all
 */
export async function exclusively<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    const giveBack = takeExclusively(file)
    if (giveBack !== undefined)
      try {
        return await work()
      } finally {
        giveBack()
      }
    await pause(tryAgainMs)
  }
}
