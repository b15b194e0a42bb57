/** The room that it begins with, in bytes: documents of one file need no more. */
const firstSize = 4 * 1024

/**
 * Bytes that are added to one place in memory, which is used again when they were taken: what is put together in thousands of
 * parts leaves no garbage outside V8's heap, which is collected much later than it is made.
 */
export class GrowingBuffer {
  #bytes: Buffer
  #length = 0

  constructor() {
    this.#bytes = Buffer.allocUnsafeSlow(firstSize)
  }

  /** How many bytes were added. */
  get length(): number {
    return this.#length
  }

  /** All that was added. Valid until the next call of {@link clear} or of what adds. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Adds a text as UTF-8. */
  addText(text: string): void {
    // The most bytes that UTF-8 has for a UTF-16 code unit.
    this.#makeRoom(3 * text.length)
    this.#length += this.#bytes.write(text, this.#length, 'utf8')
  }

  addBytes(bytes: Buffer): void {
    this.#makeRoom(bytes.length)
    this.#length += bytes.copy(this.#bytes, this.#length)
  }

  /** Begins anew, in the same place. */
  clear(): void {
    this.#length = 0
  }

  #makeRoom(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
