import { malformed } from './pkcs12-error.ts'

/** One element of a BER encoding. The arrays are views of the bytes that were read. */
export type BerElement = {
  /** The identifier octet. */
  readonly tag: number
  readonly content: Uint8Array
  /** How many octets it takes with identifier, length and end. */
  readonly size: number
}

/** Deeper than PKCS #12 files are nested; bounds what hostile input costs. */
const deepest = 24

/** Tags of the types that PKCS #12 uses. */
export const tags = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific, constructed, number 0. */
  explicit0: 0xa0,
} as const

/**
 * Reads the elements of one constructed value, one after the other. BER is read, with lengths that are not given and
 * octet strings in parts, because PKCS #12 files are written so (RFC 7292 §1). The caller decides how deep it reads.
 *
 * Every method throws `Pkcs12Error` `PFX_MALFORMED`.
 */
export class BerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  hasMore(): boolean {
    return this.#at < this.#bytes.length
  }

  nextIs(tag: number): boolean {
    return this.#bytes[this.#at] === tag
  }

  /** Takes the next element, whatever its tag. */
  takeAny(what: string): BerElement {
    if (!this.hasMore()) throw malformed(`${what} is missing`)
    const element = elementAt(this.#bytes, this.#at, 0)
    this.#at += element.size
    return element
  }

  /** Takes the next element, which must have this tag. */
  take(tag: number, what: string): BerElement {
    if (this.hasMore() && !this.nextIs(tag)) throw malformed(`${what} has another type than it must have`)
    return this.takeAny(what)
  }

  /** A reader of the content of the next element, which must have this tag. */
  enter(tag: number, what: string): BerReader {
    return new BerReader(this.take(tag, what).content)
  }

  /** Readers of the remaining elements, which must be SEQUENCEs, at most `most` of them. */
  sequences(most: number, what: string): readonly BerReader[] {
    const readers: BerReader[] = []
    while (this.hasMore()) {
      if (readers.length === most) throw malformed(`it has more than ${most} of ${what}`)
      readers.push(this.enter(tags.sequence, what))
    }
    return readers
  }

  /** Takes an INTEGER from 0 to 2^31 - 1. */
  smallInteger(what: string): number {
    const { content } = this.take(tags.integer, what)
    if (content.length === 0 || content.length > 4 || (content[0] ?? 0) >= 0x80)
      throw malformed(`${what} is out of range`)
    return content.reduce((value, octet) => value * 256 + octet, 0)
  }

  /** Takes an OBJECT IDENTIFIER and answers with its content octets in hexadecimal. */
  objectIdentifier(what: string): string {
    return Buffer.from(this.take(tags.objectIdentifier, what).content).toString('hex')
  }

  /** Takes an OCTET STRING, whole or in parts. */
  octets(what: string): Uint8Array {
    const element = this.takeAny(what)
    if ((element.tag & ~0x20) !== tags.octetString) throw malformed(`${what} is not an OCTET STRING`)
    return octetsOf(element, what)
  }

  /** Takes what is tagged [0] IMPLICIT OCTET STRING, whole or in parts (RFC 5652 §6.1). */
  implicitOctets(what: string): Uint8Array {
    const element = this.takeAny(what)
    if ((element.tag & ~0x20) !== 0x80) throw malformed(`${what} is not an OCTET STRING`)
    return octetsOf(element, what)
  }
}

/** The octets of a string; those of one in parts joined (X.690 §8.7.3). */
function octetsOf({ tag, content }: BerElement, what: string, depth = 0): Uint8Array {
  if ((tag & 0x20) === 0) return content
  if (depth > deepest) throw malformed(`${what} is nested too deep`)
  const parts: Uint8Array[] = []
  for (const reader = new BerReader(content); reader.hasMore(); ) {
    const part = reader.takeAny(what)
    if ((part.tag & ~0x20) !== tags.octetString) throw malformed(`${what} has a part of another type`)
    parts.push(octetsOf(part, what, depth + 1))
  }
  return Buffer.concat(parts)
}

/** Reads one element (X.690 §8.1); one without a length ends with two zero octets behind its last element. */
function elementAt(bytes: Uint8Array, start: number, depth: number): BerElement {
  if (depth > deepest) throw malformed(`it is nested deeper than ${deepest} levels`)
  const [tag, first] = [bytes[start], bytes[start + 1]]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f)
    throw malformed(`there is no element at byte ${start}`)
  if (first === 0x80) {
    if ((tag & 0x20) === 0) throw malformed(`an element at byte ${start} without a length is not constructed`)
    let at = start + 2
    while (bytes[at] !== 0 || bytes[at + 1] !== 0) at += elementAt(bytes, at, depth + 1).size
    return { tag, content: bytes.subarray(start + 2, at), size: at + 2 - start }
  }
  const octets = first < 0x80 ? 0 : first & 0x7f
  let length = first < 0x80 ? first : 0
  for (let index = 0; index < octets; index++) length = length * 256 + (bytes[start + 2 + index] ?? 0)
  const contentAt = start + 2 + octets
  if (octets > 4 || contentAt + length > bytes.length)
    throw malformed(`the element at byte ${start} is longer than what is there`)
  return { tag, content: bytes.subarray(contentAt, contentAt + length), size: contentAt + length - start }
}
