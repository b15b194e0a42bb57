import { SigningError } from '../signing-error.ts'
import type { ScriptKind } from './script-kind.ts'
import { encodeAscii, type TextEncoding, unitSize } from './text-encoding.ts'

/** The lines of a signature that a script has already. */
export interface SignatureBlock {
  /** Where it stands in the file, in bytes, with the line ends before and behind it. */
  readonly start: number
  readonly end: number
  /** The signature; `undefined` when it cannot be read. */
  readonly encoded: Buffer | undefined
  /** Why it cannot be read, or is none to Windows. */
  readonly reason: string | undefined
}

/**
 * Finds the signature of a script, whoever made it.
 *
 * @param bytes the whole script
 * @returns `undefined` when it has none
 * @throws SigningError `SCRIPT_SIGNATURE_BLOCK_MALFORMED` when what is the script and what its signature is no clear matter
 */
export function findSignatureBlock(
  bytes: Buffer,
  encoding: TextEncoding,
  kind: ScriptKind,
): SignatureBlock | undefined {
  const lines = new Lines(bytes, encoding)
  const [first, ...more] = lines.equalTo(kind.begin)
  const [last, ...others] = lines.equalTo(kind.end)
  if (first === undefined) {
    if (last !== undefined) throw malformed(`has a line "${kind.end}", but no line "${kind.begin}"`)
    return undefined
  }
  if (more.length > 0) throw malformed(`has more than one line "${kind.begin}"`)
  if (others.length > 0) throw malformed(`has more than one line "${kind.end}"`)
  if (last === undefined || last < first)
    throw malformed(`has a line "${kind.begin}", but no line "${kind.end}" behind it`)
  const start = lines.beforeLineEnd(first)
  const end = lines.behindLineEnd(last + kind.end.length * lines.unit)
  if (kind.standsBefore === null && !lines.isBlank(end)) throw malformed('goes on behind its signature')
  const inside = lines.text(lines.behindLineEnd(first + kind.begin.length * lines.unit), last)
  const hasUnixLines = lines.text(start, end).replaceAll('\r\n', '').includes('\n')
  const encoded = decodeLines(inside, kind)
  const reason = hasUnixLines
    ? 'Lines of it end in LF alone, so that it is no signature to Windows.'
    : encoded === undefined
      ? `Not every line of it is base64 behind "${kind.before}".`
      : undefined
  return { start, end, encoded, reason }
}

/** The lines of a text in the bytes of its encoding. */
class Lines {
  readonly #bytes: Buffer
  readonly #encoding: TextEncoding
  readonly unit: 1 | 2

  constructor(bytes: Buffer, encoding: TextEncoding) {
    this.#bytes = bytes
    this.#encoding = encoding
    this.unit = unitSize(encoding.charset)
  }

  /** Where lines stand that are this text: at most two of them. */
  equalTo(line: string): readonly number[] {
    const wanted = encodeAscii(line, this.#encoding.charset)
    const found: number[] = []
    for (let at = this.#bytes.indexOf(wanted); at !== -1 && found.length < 2; at = this.#bytes.indexOf(wanted, at + 1))
      if (this.#isLine(at, at + wanted.length)) found.push(at)
    return found
  }

  /** Where the line end before a line begins. */
  beforeLineEnd(at: number): number {
    const unit = this.unit
    if (this.#at(at - unit) !== '\n') return this.#at(at - unit) === '\r' ? at - unit : at
    return this.#at(at - 2 * unit) === '\r' ? at - 2 * unit : at - unit
  }

  /** Behind the line end that may stand here. */
  behindLineEnd(at: number): number {
    const unit = this.unit
    const next = this.#at(at)
    if (next === '\r') return this.#at(at + unit) === '\n' ? at + 2 * unit : at + unit
    return next === '\n' ? at + unit : at
  }

  /** Whether nothing but white space follows. */
  isBlank(from: number): boolean {
    for (let at = from; at < this.#bytes.length; at += this.unit) {
      const character = this.#at(at)
      if (character === undefined || !' \t\r\n'.includes(character)) return false
    }
    return true
  }

  /** Text from one place to another; what is not ASCII is anything. */
  text(from: number, to: number): string {
    const bytes = this.#bytes.subarray(from, to)
    if (this.unit === 1) return bytes.toString('latin1')
    return (this.#encoding.charset === 'utf-16be' ? Buffer.from(bytes).swap16() : bytes).toString('utf16le')
  }

  #isLine(from: number, to: number): boolean {
    if ((from - this.#encoding.markSize) % this.unit !== 0 || from < this.#encoding.markSize) return false
    const before = this.#at(from - this.unit)
    const behind = this.#at(to)
    return (
      (from === this.#encoding.markSize || before === '\n' || before === '\r') &&
      (to === this.#bytes.length || behind === '\n' || behind === '\r')
    )
  }

  #at(at: number): string | undefined {
    if (at < this.#encoding.markSize || at >= this.#bytes.length) return undefined
    return this.text(at, at + this.unit)
  }
}

function decodeLines(text: string, { before, after }: ScriptKind): Buffer | undefined {
  const lines = text.split(/\r\n|\r|\n/)
  // Behind the last line end there is none.
  if (lines.at(-1) === '') lines.pop()
  const base64: string[] = []
  for (const line of lines) {
    if (line.length < before.length + after.length || !line.startsWith(before) || !line.endsWith(after))
      return undefined
    base64.push(line.slice(before.length, line.length - after.length))
  }
  const joined = base64.join('')
  return /^[A-Za-z0-9+/]*={0,2}$/.test(joined) && joined.length % 4 === 0 ? Buffer.from(joined, 'base64') : undefined
}

function malformed(why: string): SigningError {
  return new SigningError(
    'SCRIPT_SIGNATURE_BLOCK_MALFORMED',
    `The script ${why}, so that it is not clear what is signed; remove these lines.`,
  )
}
