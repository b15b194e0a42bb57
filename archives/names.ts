import { extraFields, extraId } from './extra-fields.ts'
import { flag } from './records.ts'

/** Bytes 0x80 to 0xFF of code page 437, in which names without the UTF-8 flag are (APPNOTE.TXT 6.3.10, Appendix D). */
const codePage437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'

/** Systems whose writers put UTF-8 into names without saying so (§4.4.2). */
const hostsOfUtf8: readonly number[] = [3, 19]

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What of an entry's record says its name. */
export interface NamedRecord {
  readonly nameBytes: Buffer
  readonly extra: Buffer
  readonly flags: number
  /** The system in the upper byte of "version made by". */
  readonly host: number
}

/**
 * The name of an entry as text: UTF-8 where its flag or its Unicode path field (§4.6.9) says so; where nothing does, UTF-8 when it comes
 * from Unix or macOS and is well-formed, and else code page 437. Separators stay as they are.
 *
 * @returns `undefined` when the flag says UTF-8 and the bytes are none
 */
export function decodeName({ nameBytes, extra, flags, host }: NamedRecord): string | undefined {
  if (isAscii(nameBytes)) return nameBytes.toString('latin1')
  if ((flags & flag.utf8) !== 0) return decodeUtf8(nameBytes)
  const second = unicodePath(extra)
  if (second !== undefined) return second
  return (hostsOfUtf8.includes(host) ? decodeUtf8(nameBytes) : undefined) ?? decodeCodePage437(nameBytes)
}

/**
 * Whether the Unicode path field, where there is one, is another spelling of the name and no other name: the same but for characters
 * beyond ASCII. Readers that do not know the field take the name itself.
 */
export function isOneName({ nameBytes, extra, flags }: NamedRecord): boolean {
  const second = unicodePath(extra)
  if (second === undefined) return true
  const name = (flags & flag.utf8) !== 0 || isAscii(nameBytes) ? decodeUtf8(nameBytes) : undefined
  if (name !== undefined) return name === second
  // What stands for a character that a code page has not, differs between writers; separators and dots are ASCII in all of them.
  const asciiOf = (text: string) => text.split(/\P{ASCII}+/u)
  const [parts, secondParts] = [asciiOf(nameBytes.toString('latin1')), asciiOf(second)]
  return parts.length === secondParts.length && parts.every((part, index) => part === secondParts[index])
}

/** The name in the Unicode path field, behind its version and the checksum of the other name. */
function unicodePath(extra: Buffer): string | undefined {
  if (extra.length === 0) return undefined
  const field = extraFields(extra).find(({ id }) => id === extraId.unicodePath)
  return field && (field.data.length < 5 ? '' : (decodeUtf8(field.data.subarray(5)) ?? ''))
}

/** Its parts without separators, empty parts and those that stay in place: as the entry's file lies in the archive's folder. */
export function pathOf(name: string): string {
  if (!/\\|\/\/|^\.?\/|\/\.?\/|\/\.?$|^\.$/.test(name)) return name
  return name
    .split(/[\\/]/)
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/')
}

/** Why an entry of this name cannot be unpacked into a folder and stay in it, as the end of a sentence; `undefined` when it can. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.includes('\0')) return 'holds a NUL, at which some readers end it'
  if (/^[\\/]/.test(name)) return 'is absolute'
  if (/^[a-z]:/i.test(name)) return 'begins with a drive'
  // Windows takes dots and spaces from the end of a part, so that '.. ' leads up as well.
  if (name.split(/[\\/]/).some((part) => /^[ .]+$/.test(part) && part !== '.')) return 'leads out of its folder'
  return pathOf(name) === '' && !/[\\/]$/.test(name) ? 'names no file' : undefined
}

/** A path as the least exact file system compares it: without case, in one normal form, without dots and spaces at the end of parts. */
export function foldedPath(path: string): string {
  const folded = /^[\x20-\x7e]*$/.test(path) ? path.toLowerCase() : path.normalize('NFC').toLowerCase()
  return folded.replace(/[ .]+(?=\/|$)/g, '')
}

function isAscii(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false
  return true
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function decodeCodePage437(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/\P{ASCII}/gu, (character) => codePage437[character.charCodeAt(0) - 0x80] ?? '')
}
