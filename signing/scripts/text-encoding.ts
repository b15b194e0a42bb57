import { isUtf8 } from 'node:buffer'
import { SigningError } from '../signing-error.ts'
import type { ScriptKind } from './script-kind.ts'

/** How the characters of a text stand in its bytes. */
export type Charset = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** The encoding of a script. */
export interface TextEncoding {
  readonly charset: Charset
  /** Bytes of the byte order mark at its beginning; 0 without one. */
  readonly markSize: number
}

const marks: readonly { readonly bytes: Buffer; readonly charset: Charset | undefined }[] = [
  // That of UTF-32 begins as that of UTF-16 does.
  { bytes: Buffer.from([0xff, 0xfe, 0, 0]), charset: undefined },
  { bytes: Buffer.from([0, 0, 0xfe, 0xff]), charset: undefined },
  { bytes: Buffer.from([0xef, 0xbb, 0xbf]), charset: 'utf-8' },
  { bytes: Buffer.from([0xff, 0xfe]), charset: 'utf-16le' },
  { bytes: Buffer.from([0xfe, 0xff]), charset: 'utf-16be' },
]

/**
 * Says how a script is encoded: by its byte order mark, or as Windows takes files of its kind that have none.
 *
 * @param bytes the whole script
 * @throws SigningError `SCRIPT_ENCODING_UNSUPPORTED`, `SCRIPT_TEXT_MALFORMED`
 */
export function encodingOf(bytes: Buffer, kind: Pick<ScriptKind, 'unmarked'>): TextEncoding {
  const mark = markOf(bytes)
  if (mark === undefined) {
    if (bytes.includes(0))
      throw unsupported('has bytes that are zero and no byte order mark: it is no text, or UTF-16 without its mark')
    return { charset: kind.unmarked === 'utf-8' && isUtf8(bytes) ? 'utf-8' : 'windows-1252', markSize: 0 }
  }
  const { charset } = mark
  if (charset === undefined) throw unsupported('is encoded as UTF-32')
  if (charset === 'utf-8' ? !isUtf8(bytes) : bytes.length % 2 !== 0)
    throw new SigningError(
      'SCRIPT_TEXT_MALFORMED',
      `The script begins with the byte order mark of ${charset.toUpperCase()}, but is not well-formed ${charset.toUpperCase()}: programs would read different texts.`,
    )
  return { charset, markSize: mark.bytes.length }
}

/** Whether a file that begins so may be a script that can be signed. */
export function beginsAsText(start: Buffer): boolean {
  const mark = markOf(start)
  return mark === undefined ? !start.includes(0) : mark.charset !== undefined
}

function markOf(bytes: Buffer) {
  return marks.find((each) => bytes.subarray(0, each.bytes.length).equals(each.bytes))
}

/** ASCII text in an encoding. */
export function encodeAscii(text: string, charset: Charset): Buffer {
  if (charset === 'utf-16le') return Buffer.from(text, 'utf16le')
  if (charset === 'utf-16be') return Buffer.from(text, 'utf16le').swap16()
  return Buffer.from(text, 'latin1')
}

/** Bytes of a unit of an encoding. */
export function unitSize(charset: Charset): 1 | 2 {
  return charset.startsWith('utf-16') ? 2 : 1
}

/** The characters of 0x80 to 0x9F as Windows decodes them: those that Windows-1252 has none for stay what they are. */
export const windows1252: readonly number[] = [
  0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
  0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
]

function unsupported(why: string): SigningError {
  return new SigningError(
    'SCRIPT_ENCODING_UNSUPPORTED',
    `The script ${why}; UTF-8 and UTF-16 with a byte order mark can be signed, and texts of one byte a character.`,
  )
}
