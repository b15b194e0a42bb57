import type { Position } from '../configuration.ts'

/** Says in which line and column something stands. */
export type LineIndex = (offset: number) => Position

/** Finds the lines of a text once: they end with CR LF, LF or CR. */
export function lineIndex(text: string): LineIndex {
  const starts = [0]
  for (const { index, 0: end } of text.matchAll(/\r\n?|\n/g)) starts.push(index + end.length)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}
