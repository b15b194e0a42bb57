import { type Charset, windows1252 } from './text-encoding.ts'

/** Even, and so small that what it becomes stays small too. */
const pieceSize = 64 * 1024

/**
 * A text as UTF-16, little endian, piece by piece; a byte order mark stays what it is.
 *
 * @param bytes well-formed in the encoding
 */
export function* utf16Pieces(bytes: Buffer, charset: Charset): Generator<Buffer, void, undefined> {
  // A mark inside of a text is a character.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  for (let at = 0; at < bytes.length; at += pieceSize) {
    const piece = bytes.subarray(at, at + pieceSize)
    if (charset === 'utf-16le') yield piece
    else if (charset === 'utf-16be') yield Buffer.from(piece).swap16()
    else if (charset === 'windows-1252') yield fromWindows1252(piece)
    else yield Buffer.from(decoder.decode(piece, { stream: at + pieceSize < bytes.length }), 'utf16le')
  }
}

function fromWindows1252(bytes: Buffer): Buffer {
  const units = Buffer.alloc(bytes.length * 2)
  for (let index = 0; index < bytes.length; index++) {
    const octet = bytes[index] as number
    const unit = octet >= 0x80 && octet < 0xa0 ? (windows1252[octet - 0x80] as number) : octet
    units[index * 2] = unit & 0xff
    units[index * 2 + 1] = unit >> 8
  }
  return units
}
