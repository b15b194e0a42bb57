import { DerReader } from '../../signing/cms/index.ts'

/** One attribute of a distinguished name. */
export type NameAttribute = {
  /** Dotted object identifier. */
  readonly type: string
  /** The text; `undefined` when it is of a type of string that is not known, or not well-formed in it. */
  readonly text: string | undefined
  /** The value as it is encoded. */
  readonly encoded: Uint8Array
}

/** A distinguished name: its relative names from the root down, each with one attribute or more (RFC 5280 §4.1.2.4). */
export type DistinguishedName = readonly (readonly NameAttribute[])[]

/** The parts of names that rules and texts know by letters (RFC 4514 §3 and what certificates of machines have besides). */
export const namedParts: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  DNQ: '2.5.4.46',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  E: '1.2.840.113549.1.9.1',
}

const lettersOf = new Map(Object.entries(namedParts).map(([letters, type]) => [type, letters]))

/** More relative names, or attributes in one, than any name has. */
const mostParts = 64

/**
 * Reads a Name (RFC 5280 §4.1.2.4).
 *
 * @param code of the `SigningError` that a malformed one gets
 */
export function readName(encoded: Uint8Array, code: string): DistinguishedName {
  const outer = new DerReader(encoded, code)
  const name = outer.enter(0x30, 'a name')
  outer.end('a name')
  return name.rest(mostParts, 'a name').map((relative) => {
    if (relative.tag !== 0x31) throw name.fault('a relative name is no SET')
    return name
      .inside(relative)
      .rest(mostParts, 'a relative name')
      .map((pair) => {
        const attribute = name.inside(pair)
        const type = attribute.objectIdentifier('the type of an attribute of a name')
        const value = attribute.takeAny('the value of an attribute of a name')
        attribute.end('an attribute of a name')
        return { type, text: decodeText(value.tag, value.content), encoded: value.encoded }
      })
  })
}

/**
 * Decodes a string by its tag: UTF8String, PrintableString, IA5String, NumericString, VisibleString, BMPString, UniversalString, and
 * TeletexString as far as it is ASCII, since programs disagree about the rest. `undefined` for any other tag, and for bytes that are
 * not of their type.
 */
export function decodeText(tag: number, content: Uint8Array): string | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length)
  switch (tag) {
    case 0x0c:
      return utf8(bytes)
    case 0x13:
      return ascii(bytes, /^[A-Za-z0-9 '()+,\-./:=?*&@_]*$/)
    case 0x12:
      return ascii(bytes, /^[0-9 ]*$/)
    case 0x14:
    case 0x16:
    case 0x1a:
      return ascii(bytes, /^[\0-\x7f]*$/)
    case 0x1e:
      return bytes.length % 2 === 0 ? wellFormed(Buffer.from(bytes).swap16().toString('utf16le')) : undefined
    case 0x1c:
      return utf32(bytes)
    default:
      return undefined
  }
}

/** All values of a part of a name, in its order; `undefined` for those that cannot be read. */
export function valuesOfPart(name: DistinguishedName, type: string): readonly (string | undefined)[] {
  return name.flat().flatMap((attribute) => (attribute.type === type ? [attribute.text] : []))
}

/**
 * A text by which names are compared: it is the same for two names that RFC 5280 §7.1 takes for the same, whichever types their
 * strings have, in whichever case and with whatever white space.
 */
export function comparableName(name: DistinguishedName): string {
  return JSON.stringify(
    name.map((relative) => relative.map(({ type, text, encoded }) => `${type}=${comparable(text, encoded)}`).sort()),
  )
}

function comparable(text: string | undefined, encoded: Uint8Array): string {
  if (text === undefined) return `#${Buffer.from(encoded).toString('hex')}`
  return text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')
}

/** A name as people read it (RFC 4514 §2): `CN=…,OU=…`, what is nearest to the subject first. */
export function nameText(name: DistinguishedName): string {
  const relatives = name.map((relative) =>
    relative
      .map(({ type, text, encoded }) => {
        const value = text === undefined ? `#${Buffer.from(encoded).toString('hex')}` : escaped(text)
        return `${lettersOf.get(type) ?? type}=${value}`
      })
      .join('+'),
  )
  return relatives.reverse().join(',')
}

/** RFC 4514 §2.4, and {@link printableText}. */
function escaped(text: string): string {
  return printableText(text.replace(/[\\",+;<>]/g, '\\$&').replace(/^[ #]| $/g, '\\$&'))
}

/** A text without the characters that do something to whoever prints it: their bytes in UTF-8 stand there, as RFC 4514 writes them. */
export function printableText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join(''),
  )
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function ascii(bytes: Buffer, allowed: RegExp): string | undefined {
  const text = bytes.toString('latin1')
  return allowed.test(text) ? text : undefined
}

function wellFormed(text: string): string | undefined {
  return text.isWellFormed() ? text : undefined
}

function utf32(bytes: Buffer): string | undefined {
  if (bytes.length % 4 !== 0) return undefined
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const point = bytes.readUInt32BE(at)
    if (point > 0x10ffff) return undefined
    text += String.fromCodePoint(point)
  }
  return wellFormed(text)
}
