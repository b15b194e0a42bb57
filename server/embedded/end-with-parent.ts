import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Makes sure that the process `pid` does not outlive this one, however this one ends, `kill -9` included: a shell of a
 * few hundred kilobytes holds the read end of a pipe whose only write end is here. When the kernel closes that end, the
 * shell kills `pid`.
 *
 * @returns a function that calls the watch off; call it as soon as `pid` has ended, before its number can be given away
 */
export function endWithParent(pid: number): () => void {
  const watch: ChildProcess = spawn('/bin/sh', ['-c', 'read -r _; kill -9 "$1" 2>/dev/null', 'sh', String(pid)], {
    // A session of its own: Ctrl-C in the terminal must reach neither the watch nor what it watches.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  })
  // Without a shell there is no watch; the record that the next start reads still ends a left-over server.
  watch.on('error', () => undefined)
  watch.stdin?.on('error', () => undefined)
  watch.unref()
  const pipe = watch.stdin
  if (pipe !== null && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
  return () => {
    watch.kill('SIGKILL')
  }
}
