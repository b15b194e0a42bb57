import { stripVTControlCharacters } from 'node:util'
import { safeText } from './safe-text.ts'
import type { Mark } from './style.ts'

/** One cell: text from anywhere, with or without a mark. */
export type Cell = string | { readonly text: string; readonly mark: Mark }

/** The status of something that can be used or not: `inUse` is how it is called when it can. */
export function statusCell(status: string, inUse = 'active'): Cell {
  return { text: status, mark: status === inUse ? 'good' : 'bad' }
}

/** How a table marks text. */
export type Marker = (mark: Mark, text: string) => string

/**
 * Lines of a table with a heading, columns two spaces apart and aligned to the left, every line ended by a line feed.
 * Widths count code points; cell texts are made safe for a terminal.
 */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[], marker: Marker): string {
  const lines = [headings.map((text): Cell => ({ text: text.toUpperCase(), mark: 'faint' })), ...rows].map((cells) =>
    cells.map((cell) => render(cell, marker)),
  )
  const widths = headings.map((_, column) => widestOf(lines.map((cells) => cells[column] ?? '')))
  return lines.map((cells) => `${pad(cells, widths)}\n`).join('')
}

/**
 * Lines of `name  value`, names aligned, both made safe for a terminal. Fields without a value are left out.
 */
export function fieldList(fields: readonly (readonly [name: string, value: Cell | null])[], marker: Marker): string {
  const present = fields.flatMap(([name, value]) => (value === null ? [] : [[safeText(name), value] as const]))
  const widest = widestOf(present.map(([name]) => name))
  return present
    .map(([name, value]) => `${marker('faint', name.padEnd(widest))}  ${render(value, marker)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}

function render(cell: Cell, marker: Marker): string {
  return typeof cell === 'string' ? cellText(cell) : marker(cell.mark, cellText(cell.text))
}

// Two spaces part the columns: a text with two of them in it would pass for two columns, or, wrapped, for another line.
function cellText(text: string): string {
  return safeText(text).replace(/ (?= )/g, '\\x20')
}

// By a loop: a long list has more rows than a call can have arguments.
function widestOf(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, width(text)), 0)
}

function pad(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
    .join('  ')
    .trimEnd()
}

function width(text: string): number {
  return [...stripVTControlCharacters(text)].length
}
