import { SigningError } from '../signing-error.ts'

/** One element of a DER encoding. The arrays are views of the bytes that were read, never copies. */
export interface DerElement {
  /** The identifier octet: class, constructed bit and tag number. */
  readonly tag: number
  /** Identifier, length and content. */
  readonly encoded: Uint8Array
  readonly content: Uint8Array
  /** Where `encoded` begins in the bytes that the outermost reader was given. */
  readonly position: number
  /** Where `content` begins there. */
  readonly contentPosition: number
}

/**
 * Reads DER (X.690 §10) strictly from bytes that nobody trusts: a cursor over the elements of one constructed value.
 *
 * Refused: indefinite and non-minimal lengths, lengths that pass the end, tag numbers above 30. It never recurses by
 * itself, so how deep it goes is fixed by the structure that a caller expects, not by the input.
 *
 * Every method throws `SigningError` with the code that the reader was made with; the message names the element and
 * its offset.
 */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #base: number
  readonly #code: string
  #at = 0

  /**
   * @param code the code of the errors that it throws
   * @param base where `bytes` begin in the whole input, for messages
   */
  constructor(bytes: Uint8Array, code: string, base = 0) {
    this.#bytes = bytes
    this.#code = code
    this.#base = base
  }

  /** Whether an element with this tag comes next. */
  nextIs(tag: number): boolean {
    return this.#bytes[this.#at] === tag
  }

  /** Whether anything is left. */
  hasMore(): boolean {
    return this.#at < this.#bytes.length
  }

  /** Takes the next element, which must have this tag. */
  take(tag: number, what: string): DerElement {
    const found = this.#bytes[this.#at]
    if (found === undefined) throw this.fault(`${what} is missing`, this.#at)
    if (found !== tag)
      throw this.fault(`${what} must have the tag 0x${tag.toString(16)}, not 0x${found.toString(16)}`, this.#at)
    return this.takeAny(what)
  }

  /** Takes the next element when it has this tag. */
  takeOptional(tag: number, what: string): DerElement | undefined {
    return this.nextIs(tag) ? this.takeAny(what) : undefined
  }

  /** Takes the next element, whatever its tag. */
  takeAny(what: string): DerElement {
    const start = this.#at
    const bytes = this.#bytes
    const tag = bytes[start]
    if (tag === undefined) throw this.fault(`${what} is missing`, start)
    if ((tag & 0x1f) === 0x1f) throw this.fault(`${what} has a tag number above 30`, start)
    const first = bytes[start + 1]
    if (first === undefined) throw this.fault(`${what} ends before its length`, start)
    let contentAt = start + 2
    let length = first
    if (first >= 0x80) {
      const octets = first & 0x7f
      if (octets === 0) throw this.fault(`${what} has an indefinite length, which DER does not allow`, start)
      if (octets > 4) throw this.fault(`${what} has a length of ${octets} octets; at most 4 are taken`, start)
      if (contentAt + octets > bytes.length) throw this.fault(`${what} ends within its length`, start)
      length = 0
      for (let index = 0; index < octets; index++) length = length * 256 + (bytes[contentAt + index] ?? 0)
      contentAt += octets
      if (length < 0x80 || length < 256 ** (octets - 1))
        throw this.fault(`${what} has a length that is not in its shortest form`, start)
    }
    const end = contentAt + length
    if (end > bytes.length)
      throw this.fault(`${what} says ${length} bytes, but only ${bytes.length - contentAt} are left`, start)
    this.#at = end
    return {
      tag,
      encoded: bytes.subarray(start, end),
      content: bytes.subarray(contentAt, end),
      position: this.#base + start,
      contentPosition: this.#base + contentAt,
    }
  }

  /** Takes the next element, which must be constructed and have this tag, and answers with a reader of its content. */
  enter(tag: number, what: string): DerReader {
    return this.inside(this.take(tag, what))
  }

  /** A reader of the content of an element that was taken from this reader. */
  inside(element: DerElement): DerReader {
    return new DerReader(element.content, this.#code, element.contentPosition)
  }

  /** A reader of an element that was taken from this reader, as the only one. */
  around(element: DerElement): DerReader {
    return new DerReader(element.encoded, this.#code, element.position)
  }

  /** Nothing may be left. */
  end(what: string): void {
    if (this.#at !== this.#bytes.length)
      throw this.fault(
        `${what} is followed by ${this.#bytes.length - this.#at} bytes that do not belong there`,
        this.#at,
      )
  }

  /** The bytes that were not read yet; whoever takes them judges them. */
  get unread(): Uint8Array {
    return this.#bytes.subarray(this.#at)
  }

  /** The remaining elements, at most `limit` of them. */
  rest(limit: number, what: string): readonly DerElement[] {
    const elements: DerElement[] = []
    while (this.hasMore()) {
      if (elements.length === limit) throw this.fault(`${what} has more than ${limit} elements`, this.#at)
      elements.push(this.takeAny(what))
    }
    return elements
  }

  /** Takes an OBJECT IDENTIFIER as dotted text; arcs of at most 128 bits. */
  objectIdentifier(what: string): string {
    const { content, position } = this.take(0x06, what)
    const arcs: string[] = []
    let arc = 0n
    let octets = 0
    for (const octet of content) {
      if (octets === 0 && octet === 0x80) throw this.#faultAt(`${what} has an arc with a leading zero`, position)
      if (++octets > 19) throw this.#faultAt(`${what} has an arc above 128 bits`, position)
      arc = (arc << 7n) | BigInt(octet & 0x7f)
      if (octet >= 0x80) continue
      if (arcs.length === 0) {
        const root = arc < 40n ? 0n : arc < 80n ? 1n : 2n
        arcs.push(root.toString())
        arc -= root * 40n
      }
      arcs.push(arc.toString())
      arc = 0n
      octets = 0
    }
    if (octets !== 0 || arcs.length === 0) throw this.#faultAt(`${what} is not a whole object identifier`, position)
    return arcs.join('.')
  }

  /** Takes an INTEGER in its shortest form and answers with its content octets. */
  integer(what: string): Uint8Array {
    const { content, position } = this.take(0x02, what)
    const [first, second = 0] = content
    if (first === undefined) throw this.#faultAt(`${what} is an integer without content`, position)
    if (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
      throw this.#faultAt(`${what} is an integer that is not in its shortest form`, position)
    return content
  }

  /** Takes an INTEGER from 0 to 2^31 - 1. */
  smallInteger(what: string): number {
    const position = this.#at
    const content = this.integer(what)
    if (content.length > 4 || (content[0] ?? 0) >= 0x80) throw this.fault(`${what} is out of range`, position)
    return content.reduce((value, octet) => value * 256 + octet, 0)
  }

  /** Takes a BOOLEAN. */
  boolean(what: string): boolean {
    const { content, position } = this.take(0x01, what)
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
      throw this.#faultAt(`${what} must be 0x00 or 0xff`, position)
    return content[0] === 0xff
  }

  /** Takes a BIT STRING and answers with its bits, the unused ones of the last octet being zero. */
  bitString(what: string): Uint8Array {
    const { content, position } = this.take(0x03, what)
    const unused = content[0]
    const last = content[content.length - 1] ?? 0
    if (
      unused === undefined ||
      unused > 7 ||
      (content.length === 1 && unused > 0) ||
      (last & ((1 << unused) - 1)) !== 0
    )
      throw this.#faultAt(`${what} is not a well-formed bit string`, position)
    return content.subarray(1)
  }

  /** Takes a UTCTime or a GeneralizedTime in UTC with seconds, the latter possibly with fractions (RFC 3161 §2.4.2). */
  time(what: string): Date {
    const element = this.takeAny(what)
    const text = Buffer.from(element.content.buffer, element.content.byteOffset, element.content.length).toString(
      'latin1',
    )
    const match =
      element.tag === 0x17
        ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : element.tag === 0x18
          ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{0,8}[1-9]))?Z$/.exec(text)
          : null
    if (match === null) throw this.#faultAt(`${what} is not a time in UTC to the second`, element.position)
    const [, year = '', month, day, hour, minute, second, fraction = '0'] = match
    const fullYear = year.length === 4 ? year : Number(year) < 50 ? `20${year}` : `19${year}`
    const iso = `${fullYear}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
    const time = new Date(iso)
    if (Number.isNaN(time.getTime()) || time.toISOString() !== iso)
      throw this.#faultAt(`${what} is not a date of the calendar`, element.position)
    return time
  }

  /** Takes a time as {@link time} does, but without fractions, as certificates have them (RFC 5280 §4.1.2.5). */
  wholeSecondsTime(what: string): Date {
    const position = this.#at
    const time = this.time(what)
    if (this.#bytes.subarray(position, this.#at).includes(0x2e)) throw this.fault(`${what} has a fraction`, position)
    return time
  }

  /** The error to throw for something wrong at this place of the reader's own bytes. */
  fault(message: string, at = this.#at): SigningError {
    return this.#faultAt(message, this.#base + at)
  }

  #faultAt(message: string, position: number): SigningError {
    return new SigningError(this.#code, `${message} (at byte ${position} of the encoding).`)
  }
}
