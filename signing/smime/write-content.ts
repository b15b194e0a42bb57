import { createHash } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { blocksOf, type DoFileWork, writeBlocking } from '../file-passes/index.ts'

/** How the signed part of a message follows from a file. */
export type Normalization = 'line-endings' | 'none'

/** What a thread is to make of a file. File descriptors belong to the whole process. */
export interface ContentWork {
  readonly input: number
  /** Bytes of the file. */
  readonly size: number
  readonly normalization: Normalization
  readonly hash: HashAlgorithm
  /** Where it is written to, behind these bytes; left out where only the digest is asked for. */
  readonly output?: { readonly descriptor: number; readonly head: Uint8Array }
}

/** What came of it. */
export interface WrittenContent {
  /** Hexadecimal. */
  readonly digest: string
  /** Where what was written ends. */
  readonly end: number
}

const [carriageReturn, lineFeed] = [0x0d, 0x0a]

/** In a thread of `FilePasses`: digests the signed part of a message, and writes it where that is asked for. */
export const doFileWork: DoFileWork<ContentWork, WrittenContent> = async (work, control) => {
  const { input, size, normalization, hash, output } = work
  const digest = createHash(hash)
  let end = 0
  const put = (bytes: Uint8Array) => {
    if (output !== undefined) writeBlocking(output.descriptor, { offset: end, bytes })
    end += bytes.length
  }
  put(output?.head ?? new Uint8Array())
  const lines = new LineEnds()
  for (const { bytes } of blocksOf(input, size, control)) {
    const content = normalization === 'none' ? bytes : lines.normalized(bytes)
    digest.update(content)
    put(content)
  }
  const rest = lines.finish()
  digest.update(rest)
  put(rest)
  return { digest: digest.digest('hex'), end }
}

/** Makes CR LF of every line end: of CR LF, of LF, and of CR (RFC 8551 §3.1.1). No other byte changes. */
class LineEnds {
  /** Whether the last block ended with CR, whose line end is written once it is known whether LF follows. */
  #afterReturn = false

  normalized(bytes: Buffer): Buffer {
    const made = Buffer.allocUnsafe(2 * bytes.length + 2)
    let length = 0
    const endLine = () => {
      made[length++] = carriageReturn
      made[length++] = lineFeed
    }
    for (const byte of bytes) {
      const isOneEnd = this.#afterReturn && byte === lineFeed
      if (this.#afterReturn) endLine()
      this.#afterReturn = byte === carriageReturn
      if (isOneEnd || this.#afterReturn) continue
      if (byte === lineFeed) endLine()
      else made[length++] = byte
    }
    return made.subarray(0, length)
  }

  finish(): Buffer {
    return Buffer.from(this.#afterReturn ? '\r\n' : '')
  }
}
