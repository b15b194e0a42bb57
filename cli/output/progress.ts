import type { Terminal } from '../terminal.ts'
import { readableSize } from './quantities.ts'
import { safeText } from './safe-text.ts'

/** How far a transfer is, for the person who waits. */
export type Progress = {
  /** Bytes so far. */
  update(done: number): void
  /** Leaves the line, whether all came or not. */
  end(): void
}

/**
 * Shows a transfer on stderr: one line with a bar that fills, on a terminal; elsewhere a line at every quarter, fit for
 * the log of a CI job.
 */
export function showProgress(terminal: Terminal, label: string, total: number): Progress {
  const title = `${label} (${readableSize(total)})`
  return terminal.stderr.isTTY ? bar(terminal, safeText(title), total) : quarters(terminal, safeText(title), total)
}

/** Characters beside title and bar: `_` before each, and `100 %`. */
const percentWidth = 7

function bar({ stderr }: Terminal, label: string, total: number): Progress {
  // A longer line would wrap, and only its last part be replaced.
  const space = Math.max(1, stderr.columns - percentWidth)
  const title = label.length > space ? `${label.slice(0, space - 1)}…` : label
  let shown = -1
  const draw = (done: number) => {
    const percent = percentOf(done, total)
    if (percent === shown) return
    shown = percent
    const room = Math.max(0, Math.min(30, space - title.length - 2))
    const filled = Math.round((room * percent) / 100)
    stderr.write(
      `\r\u001b[K${title} ${'█'.repeat(filled)}${'░'.repeat(room - filled)} ${String(percent).padStart(3)} %`,
    )
  }
  draw(0)
  return { update: draw, end: () => stderr.write('\n') }
}

function quarters({ stderr }: Terminal, title: string, total: number): Progress {
  let shown = 0
  stderr.write(`${title}\n`)
  return {
    update(done) {
      const quarter = Math.floor(percentOf(done, total) / 25) * 25
      if (quarter <= shown) return
      shown = quarter
      stderr.write(`  ${quarter} %\n`)
    },
    end: () => undefined,
  }
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.floor((done / total) * 100)
}
