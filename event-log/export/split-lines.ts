import { ExportError } from './export-error.ts'
import { maximumLineBytes } from './form.ts'

/** A line without its line feed, and whether it had one. */
export type Line = { readonly bytes: Uint8Array; readonly isComplete: boolean }

/**
 * Splits bytes at line feeds. Keeps no more than a line.
 *
 * @throws ExportError `EXPORT_LINE_TOO_LONG` as soon as a line is longer than any of an export
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let pieces: Uint8Array[] = []
  let length = 0
  let line = 1

  function keep(piece: Uint8Array): void {
    length += piece.length
    if (length > maximumLineBytes)
      throw new ExportError(
        'EXPORT_LINE_TOO_LONG',
        `Line ${line} has more than ${maximumLineBytes} bytes, as no line of an export has. The file is none, or is damaged there.`,
      )
    if (piece.length > 0) pieces.push(piece)
  }
  function taken(): Uint8Array {
    const [only] = pieces
    const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
    pieces = []
    length = 0
    line += 1
    return bytes
  }

  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      keep(chunk.subarray(from, at))
      yield { bytes: taken(), isComplete: true }
      from = at + 1
    }
    keep(chunk.subarray(from))
  }
  if (length > 0) yield { bytes: taken(), isComplete: false }
}
