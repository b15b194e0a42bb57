import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import { fileState } from './config/file-state.ts'
import type { ReadFiles } from './config/load.ts'

/** Says when files may have changed. */
export type FileWatch = {
  /** The files from now on, each in the state in which it was read. */
  readonly follow: (files: ReadFiles) => void
  readonly close: () => void
}

/** Milliseconds: writers of several files get this long to be done, and where the system says nothing, files are looked at so often. */
export type WatchPace = { readonly settleMs: number; readonly lookMs: number }

/** What a proxy does. */
export const usualWatchPace: WatchPace = { settleMs: 200, lookMs: 10_000 }

/**
 * Watches the folders of files, since files are replaced more often than written; and looks at the files from time to time, since not
 * every file system says what happens in it.
 *
 * @param changed called when a file is not in the state in which it was read; it is to read them and to follow them anew
 */
export function watchFiles(changed: () => void, { settleMs, lookMs }: WatchPace = usualWatchPace): FileWatch {
  const watchers = new Map<string, FSWatcher>()
  let followed: ReadFiles = new Map()
  let settling: NodeJS.Timeout | undefined

  async function look(): Promise<void> {
    const files = followed
    for (const [file, state] of files)
      if ((await fileState(file)) !== state) {
        // Whoever reads them now may find others, and begins anew then.
        if (files === followed) changed()
        return
      }
  }
  function soon(): void {
    clearTimeout(settling)
    settling = setTimeout(() => void look(), settleMs)
    settling.unref()
  }
  function open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, soon)
      watcher.on('error', () => {
        watcher.close()
        watchers.delete(folder)
      })
      watchers.set(folder, watcher)
    } catch {
      // Looked at from time to time.
    }
  }
  const timer = setInterval(() => void look(), lookMs)
  timer.unref()

  return {
    follow(files) {
      followed = files
      const folders = new Set([...files.keys()].map((file) => dirname(file)))
      for (const [folder, watcher] of watchers)
        if (!folders.has(folder)) {
          watcher.close()
          watchers.delete(folder)
        }
      for (const folder of folders) if (!watchers.has(folder)) open(folder)
      // What changed while they were read is in no event any more.
      soon()
    },
    close() {
      clearTimeout(settling)
      clearInterval(timer)
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}
