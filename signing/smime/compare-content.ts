import { createHash } from 'node:crypto'
import { blocksOf, type DoFileWork, fillBlocking, type PassControl } from '../file-passes/index.ts'

/** The signed part of a message, and the file that it is to be. */
export interface ComparisonWork {
  readonly file: { readonly descriptor: number; readonly size: number }
  readonly message: { readonly descriptor: number; readonly from: number; readonly to: number }
  /** What must not stand at the beginning of a line of the part. */
  readonly delimiter: string
  readonly normalization: 'line-endings' | 'none'
  readonly hash: string
}

/** What came of it. */
export interface ComparedContent {
  /** Of the part, hexadecimal. */
  readonly digest: string
  readonly isFile: boolean
  readonly holdsDelimiter: boolean
}

/** In a thread of `FilePasses`: digests the signed part of a message, and says whether it is the file by a normalization. */
export const doFileWork: DoFileWork<ComparisonWork, ComparedContent> = async (work, control) => {
  const { file, message, delimiter, normalization, hash } = work
  const digest = createHash(hash)
  const part = new LineReader()
  let kept = Buffer.alloc(0)
  let holdsDelimiter = false
  const needle = Buffer.from(`\n${delimiter}`, 'latin1')
  // The line before the part ends as well.
  kept = Buffer.from('\n')
  for (const bytes of blocksBetween(message, control)) {
    digest.update(bytes)
    part.read(bytes)
    const searched = Buffer.concat([kept, bytes])
    holdsDelimiter ||= searched.includes(needle)
    kept = Buffer.from(searched.subarray(Math.max(0, searched.length - needle.length + 1)))
  }
  const whole = new LineReader()
  for (const { bytes } of blocksOf(file.descriptor, file.size, control)) whole.read(bytes)
  const [ofPart, ofFile] = [part.finish(), whole.finish()]
  const isFile =
    normalization === 'none' ? ofPart.exact === ofFile.exact : ofPart.isCanonical && ofPart.lines === ofFile.lines
  return { digest: digest.digest('hex'), isFile, holdsDelimiter }
}

function* blocksBetween(
  { descriptor, from, to }: ComparisonWork['message'],
  control: PassControl,
): Generator<Buffer, void, undefined> {
  for (let offset = from; offset < to; ) {
    control.throwIfCancelled()
    const bytes = control.memory.subarray(0, Math.min(control.memory.length, to - offset))
    fillBlocking(descriptor, { offset, bytes })
    yield bytes
    offset += bytes.length
  }
}

/** Digests bytes as they are, and with one mark for each line end, whatever it is: CR LF, LF or CR. */
class LineReader {
  readonly #exact = createHash('sha256')
  readonly #lines = createHash('sha256')
  #before = -1
  #isCanonical = true

  read(bytes: Buffer): void {
    this.#exact.update(bytes)
    let from = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (this.#before === 0x0d && byte !== 0x0a) this.#isCanonical = false
      if (byte === 0x0a && this.#before !== 0x0d) this.#isCanonical = false
      if (byte === 0x0d || byte === 0x0a) {
        this.#lines.update(bytes.subarray(from, at))
        // The LF behind a CR is of the same line end.
        if (byte === 0x0d || this.#before !== 0x0d) this.#lines.update('\n')
        from = at + 1
      }
      this.#before = byte ?? -1
    }
    this.#lines.update(bytes.subarray(from))
  }

  finish(): { readonly exact: string; readonly lines: string; readonly isCanonical: boolean } {
    const isCanonical = this.#isCanonical && this.#before !== 0x0d
    return { exact: this.#exact.digest('hex'), lines: this.#lines.digest('hex'), isCanonical }
  }
}
