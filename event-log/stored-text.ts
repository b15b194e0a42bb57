/**
 * A text as the store has it, byte for byte: nothing was parsed and written again. Bytes are made of text, or text of bytes,
 * only when somebody asks, so that a reader who does not need the other form does not pay for it.
 */
export class StoredText {
  readonly #given: string | Uint8Array
  readonly #parsed: unknown

  /**
   * @param given text of a store that keeps well-formed UTF-8, or the bytes
   * @param parsed what the reader parsed it as
   */
  constructor(given: string | Uint8Array, parsed?: unknown) {
    this.#given = given
    this.#parsed = parsed
  }

  /** The bytes as stored. They may be shared: not to be written to. */
  get bytes(): Uint8Array {
    return typeof this.#given === 'string' ? Buffer.from(this.#given, 'utf8') : this.#given
  }

  /** The same as text. Bytes that are no UTF-8 are U+FFFD in it. */
  get text(): string {
    if (typeof this.#given === 'string') return this.#given
    const { buffer, byteOffset, byteLength } = this.#given
    return Buffer.from(buffer, byteOffset, byteLength).toString('utf8')
  }

  /**
   * The JSON text of a part of an event: the stored text, which need not be written again, unless something else was put in
   * the place of what it was parsed as.
   */
  jsonOf(part: object): string {
    return part === this.#parsed ? this.text : JSON.stringify(part)
  }
}

/** Data and metadata of an event as the store has them, before anything was parsed or upcast. */
export type StoredForm = { readonly data: StoredText; readonly metadata: StoredText }
