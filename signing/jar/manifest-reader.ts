import { SigningError } from '../signing-error.ts'

/** An attribute of a section. */
export interface ManifestAttribute {
  readonly name: string
  readonly value: string
  /** Where its line begins, and where the next attribute's does: continuation lines and line ends included. */
  readonly start: number
  readonly end: number
}

/** A section, with the empty line that ends it. */
export interface ManifestSection {
  /** Value of its attribute `Name`; empty of the main section. */
  readonly name: string
  readonly attributes: readonly ManifestAttribute[]
  /** Where its first line begins, where its empty line does, and where the bytes behind that do. Without an empty line the last two are the same. */
  readonly start: number
  readonly bodyEnd: number
  readonly end: number
  /** How its first line ends. */
  readonly lineEnd: LineEnd
}

/** What ends a line; `''` where the file does. */
export type LineEnd = '\r\n' | '\n' | '\r' | ''

/** A manifest or a signature file. Its sections have different names. */
export interface ReadManifest {
  /** What stands before the first empty line; without attributes when the file is empty. */
  readonly main: ManifestSection
  readonly sections: readonly ManifestSection[]
}

/**
 * Reads a manifest or a signature file (JAR File Specification, "Name-Value pairs and Sections"): lines end with CR, LF or both, a line
 * that begins with a blank goes on with the one before it, and an empty line ends a section. What readers could take for different things
 * is refused: sections of one name, an attribute `Name` or a digest that a section has twice.
 *
 * @param what it is, for messages
 * @throws SigningError `JAR_MANIFEST_MALFORMED`
 */
export function readManifest(bytes: Buffer, what: string): ReadManifest {
  const lines = new Lines(bytes, what)
  const main = readSection(lines, true)
  const sections: ManifestSection[] = []
  const names = new Set<string>()
  while (lines.skipEmpty()) {
    const section = readSection(lines, false)
    if (names.has(section.name)) throw lines.fault(`has two sections of the name «${section.name.slice(0, 200)}»`)
    names.add(section.name)
    sections.push(section)
  }
  return { main, sections }
}

/** The value of an attribute, whose name may be written in capitals or not; `undefined` where there is none. */
export function attributeOf({ attributes }: ManifestSection, name: string): string | undefined {
  return attributes.find((each) => each.name.toLowerCase() === name.toLowerCase())?.value
}

function readSection(lines: Lines, isMain: boolean): ManifestSection {
  const attributes: ManifestAttribute[] = []
  const start = lines.at
  let lineEnd: LineEnd | undefined
  while (lines.hasMore() && !lines.isEmpty()) {
    const attribute = readAttribute(lines)
    lineEnd ??= attribute.lineEnd
    attributes.push(attribute)
  }
  const bodyEnd = lines.at
  if (lines.hasMore()) lines.skip()
  const [first] = attributes
  const isNamed = first?.name.toLowerCase() === 'name'
  if (!isMain && !isNamed) throw lines.fault('has a section that does not begin with Name')
  refuseTwice(attributes, lines)
  return {
    name: isMain ? '' : (first?.value ?? ''),
    attributes,
    start,
    bodyEnd,
    end: lines.at,
    lineEnd: lineEnd ?? '\r\n',
  }
}

function readAttribute(lines: Lines): ManifestAttribute & { readonly lineEnd: LineEnd } {
  const start = lines.at
  const { first, content, lineEnd } = lines.take()
  const colon = content.indexOf(0x3a)
  const name = colon < 0 ? '' : content.toString('latin1', 0, colon)
  if (first === 0x20) throw lines.fault('has a continuation line with nothing before it')
  if (!/^[A-Za-z0-9_-]{1,70}$/.test(name) || content[colon + 1] !== 0x20)
    throw lines.fault('has a line that is not a name, a colon, a blank and a value')
  const parts = [content.subarray(colon + 2)]
  while (lines.continues()) parts.push(lines.take().content.subarray(1))
  const [only] = parts
  const value = lines.text(only !== undefined && parts.length === 1 ? only : Buffer.concat(parts))
  return { name, value, start, end: lines.at, lineEnd }
}

function refuseTwice(attributes: readonly ManifestAttribute[], lines: Lines): void {
  const seen = new Set<string>()
  for (const { name } of attributes) {
    const folded = name.toLowerCase()
    if (folded !== 'name' && !folded.includes('-digest')) continue
    if (seen.has(folded)) throw lines.fault(`has the attribute ${name} twice in one section`)
    seen.add(folded)
  }
}

/** A cursor over lines. */
class Lines {
  at = 0
  readonly #bytes: Buffer
  readonly #what: string
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #number = 0

  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  hasMore(): boolean {
    return this.at < this.#bytes.length
  }

  /** Whether the next line is empty. */
  isEmpty(): boolean {
    const octet = this.#bytes[this.at]
    return octet === 0x0a || octet === 0x0d
  }

  /** Whether the next line goes on with the one before it. */
  continues(): boolean {
    return this.#bytes[this.at] === 0x20
  }

  /** Passes over empty lines; answers whether anything is behind them. */
  skipEmpty(): boolean {
    while (this.hasMore() && this.isEmpty()) this.skip()
    return this.hasMore()
  }

  skip(): void {
    this.take()
  }

  /** The next line without its end. */
  take(): { readonly first: number | undefined; readonly content: Buffer; readonly lineEnd: LineEnd } {
    const bytes = this.#bytes
    const start = this.at
    let end = start
    while (end < bytes.length && bytes[end] !== 0x0a && bytes[end] !== 0x0d) end++
    const lineEnd = end === bytes.length ? '' : bytes[end] === 0x0a ? '\n' : bytes[end + 1] === 0x0a ? '\r\n' : '\r'
    this.at = end + lineEnd.length
    this.#number++
    return { first: bytes[start], content: bytes.subarray(start, end), lineEnd }
  }

  text(content: Uint8Array): string {
    try {
      return this.#decoder.decode(content)
    } catch {
      throw this.fault('has a value that is not UTF-8')
    }
  }

  fault(wrong: string): SigningError {
    return new SigningError('JAR_MANIFEST_MALFORMED', `${this.#what} ${wrong} (line ${this.#number}). Pack it again.`)
  }
}
