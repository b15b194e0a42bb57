import { DatabaseSync } from 'node:sqlite'

/**
 * Takes `file` for this process alone until the returned function is called or the process ends. The lock is SQLite's:
 * the kernel gives it back however the process ends, so there is no stale lock to clear away.
 *
 * @returns a function that gives the lock back, or `undefined` when another process (or another call here) holds it
 */
export function takeExclusively(file: string): (() => void) | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return () => lock.close()
  } catch {
    lock.close()
    return undefined
  }
}
