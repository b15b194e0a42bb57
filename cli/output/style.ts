import { styleText } from 'node:util'
import type { Output, Terminal } from '../terminal.ts'

/** How a piece of text is marked, where colours may be used. */
export type Mark = 'strong' | 'faint' | 'good' | 'bad' | 'waiting'

const formats = { strong: 'bold', faint: 'dim', good: 'green', bad: 'red', waiting: 'yellow' } as const

/** Marks text for an output: on a terminal only, and not when `NO_COLOR` is set and not empty (no-color.org). */
export function markerFor(terminal: Terminal, output: Output): (mark: Mark, text: string) => string {
  const { NO_COLOR, TERM } = terminal.environment
  const plain = !output.isTTY || (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb'
  return plain ? (_, text) => text : (mark, text) => styleText(formats[mark], text, { validateStream: false })
}

/** The mark of a request's status. */
export function statusMark(status: string): Mark {
  if (status === 'Completed') return 'good'
  if (status === 'Failed' || status === 'Denied') return 'bad'
  if (status === 'WaitingForApproval') return 'waiting'
  return status === 'Canceled' ? 'faint' : 'strong'
}
