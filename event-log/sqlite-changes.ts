import type { SqliteFile } from './sqlite-file.ts'

/** How often a waiting subscriber looks for commits of other processes. One look costs about 2 µs. */
const pollMs = 20

/** Wakes subscribers when there may be something new. No commit is missed; some wake-ups find nothing. */
export type SqliteChanges = {
  /** A mark to take *before* reading, and to give to {@link SqliteChanges.since} after. */
  mark(): number
  /** Resolves when something was committed after the mark was taken, by whatever process, or when the signal aborts. */
  since(mark: number, signal: AbortSignal): Promise<void>
  /** Wakes everybody: this process committed, or the log is closing. */
  notify(): void
}

/**
 * Commits of this process arrive by {@link SqliteChanges.notify}; those of others by polling `PRAGMA data_version`, which
 * changes when another connection has committed. Nothing is polled while nobody waits: what happened meanwhile still
 * differs from the version that was seen last.
 */
export function createSqliteChanges(file: SqliteFile): SqliteChanges {
  const version = file.reader.prepare('PRAGMA data_version')
  const waiting = new Set<() => void>()
  let seen = version.get()?.data_version
  let changes = 0
  let timer: NodeJS.Timeout | undefined

  function wake(): void {
    changes += 1
    for (const resume of [...waiting]) resume()
  }

  function poll(): void {
    let now: unknown
    try {
      now = version.get()?.data_version
    } catch {
      // Locked or closing: the readers that are woken find out which.
    }
    if (now === seen) return
    seen = now as typeof seen
    wake()
  }

  return {
    mark: () => changes,
    since: (mark, signal) =>
      new Promise((resolve) => {
        if (mark !== changes || signal.aborted) return resolve()
        const resume = () => {
          waiting.delete(resume)
          signal.removeEventListener('abort', resume)
          if (waiting.size === 0) {
            clearInterval(timer)
            timer = undefined
          }
          resolve()
        }
        waiting.add(resume)
        signal.addEventListener('abort', resume, { once: true })
        timer ??= setInterval(poll, pollMs)
      }),
    notify: wake,
  }
}
