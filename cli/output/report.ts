import { CliError } from '../cli-error.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { Output, Terminal } from '../terminal.ts'
import { type Progress, showProgress } from './progress.ts'
import { safeJson, safeJsonText, safeOutput, safeText } from './safe-text.ts'
import { type Mark, markerFor } from './style.ts'
import type { Marker } from './table.ts'

/**
 * Where a command says things. Results go to stdout: text for people, or JSON with `--json`. Everything else goes to
 * stderr; with `--json`, notes and progress are left out, and warnings and errors are one line of JSON each.
 */
export type Report = {
  readonly json: boolean
  /** Marks text that goes to stdout. */
  readonly marker: Marker
  /** A result. @param text the same for people, every line ended; called only when it is wanted */
  result(value: unknown, text: () => string): void
  /**
   * A result with a list that may be longer than memory: its items are read, and written, one by one, as fast as they are taken.
   *
   * @param list the name of the list in the value, which has it empty, its items, and the JSON of an item, on one line
   * @param itemText an item for people, which stands before `text`
   */
  longResult<Item>(
    value: object,
    list: { readonly name: string; readonly items: Iterable<Item>; readonly json: (item: Item) => string },
    itemText: (item: Item) => string,
    text: () => string,
  ): Promise<void>
  /** One of several results that come with time: with `--json`, a line of its own. */
  line(value: unknown, text: () => string): void
  /** What a person has to see before a question; not for `--json`. @param text every line ended */
  show(text: string): void
  /** What is going on. One line, from our own or the service's words. */
  note(text: string, mark?: Mark): void
  warn(message: string): void
  progress(label: string, total: number): Progress
  /** Prints what a command ended with and says which exit code that is. */
  failure(error: unknown): ExitCode
}

/** The report of one run of a command. */
export function createReport(terminal: Terminal, json: boolean): Report {
  const { stdout, stderr } = terminal
  const marker = markerFor(terminal, stdout)
  const stderrMarker = markerFor(terminal, stderr)
  return {
    json,
    marker,
    result: (value, text) => stdout.write(json ? `${safeJson(value, 2)}\n` : safeOutput(text())),
    async longResult(value, { name, items, json: itemJson }, itemText, text) {
      if (!json) {
        await writeAll(stdout, items, (item) => safeOutput(itemText(item)))
        stdout.write(safeOutput(text()))
        return
      }
      const [before, after] = safeJson(value, 2).split(`\n  "${name}": []`, 2)
      stdout.write(`${before}\n  "${name}": [`)
      let separator = ''
      await writeAll(stdout, items, (item) => {
        const written = `${separator}\n    ${safeJsonText(itemJson(item))}`
        separator = ','
        return written
      })
      stdout.write(`${separator === '' ? '' : '\n  '}]${after}\n`)
    },
    line: (value, text) => stdout.write(json ? `${safeJson(value)}\n` : safeOutput(text())),
    show: (text) => stdout.write(safeOutput(text)),
    note(text, mark) {
      if (!json) stderr.write(`${mark === undefined ? safeText(text) : stderrMarker(mark, safeText(text))}\n`)
    },
    warn(message) {
      stderr.write(
        json ? `${safeJson({ warning: message })}\n` : `${stderrMarker('waiting', 'warning')}: ${safeText(message)}\n`,
      )
    },
    progress: (label, total) =>
      json ? { update: () => undefined, end: () => undefined } : showProgress(terminal, label, total),
    failure(error) {
      const known = error instanceof CliError ? error : unexpected(error, terminal)
      const { code, message, hint } = known
      if (json)
        stderr.write(`${safeJson({ error: { code, message, hint: hint ?? null, exitCode: known.exitCode } })}\n`)
      else {
        stderr.write(`${stderrMarker('bad', 'error')}: ${safeText(code)}: ${safeLines(message)}\n`)
        if (hint !== undefined) stderr.write(`${stderrMarker('faint', 'hint')}: ${safeText(hint)}\n`)
      }
      return known.exitCode
    },
  }
}

/** So many characters are written together. */
const writtenTogether = 65_536

/** Writes any number of items, and waits while nobody takes them: a pipe's reader may be slower, and memory is no place to wait. */
async function writeAll<Item>(output: Output, items: Iterable<Item>, textOf: (item: Item) => string): Promise<void> {
  let text = ''
  for (const item of items) {
    text += textOf(item)
    if (text.length < writtenTogether) continue
    await output.writeBytes(Buffer.from(text))
    text = ''
  }
  output.write(text)
}

// Further lines are set in, so that none of them passes for one of ours.
function safeLines(message: string): string {
  return message.split('\n').map(safeText).join('\n  ')
}

// A fault of ours. Its text could hold anything, but whoever reports it needs it.
function unexpected(error: unknown, { environment, stderr }: Terminal): CliError {
  if (environment.NODE_DEBUG === 'countersign' && error instanceof Error) stderr.write(safeOutput(`${error.stack}\n`))
  return new CliError('FAULT', error instanceof Error ? error.message : String(error), {
    hint: 'This is a fault of countersign itself. NODE_DEBUG=countersign shows where it happened.',
    exitCode: exitCode.fault,
  })
}
