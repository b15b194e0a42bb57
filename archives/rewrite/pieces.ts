/** An output as it grows: parts of the input that are copied, and parts that are made. */
export class Pieces {
  readonly #pieces: { length: number; readonly from: number }[] = []
  #size = 0

  /** Bytes up to here. */
  get size(): number {
    return this.#size
  }

  /** Adds a part of the input. */
  keep(from: number, length: number): void {
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.from >= 0 && last.from + last.length === from) last.length += length
    else if (length > 0) this.#pieces.push({ from, length })
    this.#size += length
  }

  /** Adds a part that the output has already. */
  make(length: number): void {
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.from < 0) last.length += length
    else this.#pieces.push({ from: -1, length })
    this.#size += length
  }

  /** For each part its length, and where it is in the input; -1 for one that the output has. */
  toArray(): Float64Array {
    return Float64Array.from(this.#pieces.flatMap(({ length, from }) => [length, from]))
  }
}
