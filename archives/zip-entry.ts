import { decodeName, pathOf } from './names.ts'
import { flag, lengths } from './records.ts'

/** Compression methods whose content can be read (APPNOTE.TXT 6.3.10 §4.4.5). */
export const method = { stored: 0, deflated: 8 } as const

/** The type of a file in the upper half of external attributes, as Unix has it. */
const fileType = 0o170000
const symbolicLink = 0o120000

/** Numbers that were found for an entry: where its record is, where its bytes are, and its sizes. */
export const positionsPerEntry = 6

/** What an archive's directory is, once all of it was read and found in order. Plain data, so that threads can give it on. */
export interface ZipDirectory {
  /** Bytes in front of the first entry, as of a program that unpacks the rest. They hold nothing that looks like a record of an archive. */
  readonly prefixSize: number
  readonly directoryOffset: number
  /** The directory's records. */
  readonly records: Uint8Array
  /** For each entry, in the order of the directory: where its record begins, where its local header, its data and what is behind them begin, its compressed size and its size. */
  readonly positions: Float64Array
  /** The ZIP64 record with its locator; empty where there are none. */
  readonly zip64: Uint8Array
  /** The record that ends the archive, with its comment. */
  readonly end: Uint8Array
}

/** An entry of an archive, as its directory has it. */
export class ZipEntry {
  /** Its place in the directory, from 0. */
  readonly index: number
  /** Where its local header begins in the file. */
  readonly start: number
  /** Where its compressed data begin. */
  readonly dataStart: number
  /** Where the next entry or the directory begins: behind its data and their descriptor. */
  readonly end: number
  /** Bytes of its data as they are in the archive. */
  readonly compressedSize: number
  /** Bytes of its content. */
  readonly size: number
  readonly #records: Buffer
  readonly #at: number
  #name: string | undefined

  /** Entries are made by `openZip` alone. */
  constructor(index: number, records: Buffer, positions: Float64Array) {
    const at = index * positionsPerEntry
    const [record, start, dataStart, end, compressedSize, size] = positions.subarray(at, at + positionsPerEntry)
    this.index = index
    this.start = start ?? 0
    this.dataStart = dataStart ?? 0
    this.end = end ?? 0
    this.compressedSize = compressedSize ?? 0
    this.size = size ?? 0
    this.#records = records
    this.#at = record ?? 0
  }

  /** Its name as text: separators as they are, a folder's with the one at its end. */
  get name(): string {
    // It was decoded before; what cannot be was refused.
    this.#name ??= decodeName(this) ?? ''
    return this.#name
  }

  /** Where its file lies in the archive's folder: with `/` between the parts, without empty ones, `.` and a separator at the end. */
  get path(): string {
    return pathOf(this.name)
  }

  /** Whether it is a folder: its name ends with a separator. */
  get isDirectory(): boolean {
    return /[\\/]$/.test(this.name)
  }

  /** Whether it is a symbolic link: its content is where it leads. It stays in the archive. */
  get isSymbolicLink(): boolean {
    return isLink(this.externalAttributes)
  }

  /** How its data are compressed: {@link method}, or another one whose content cannot be read. */
  get method(): number {
    return this.#records.readUInt16LE(this.#at + 10)
  }

  /** General purpose bits (§4.4.4). */
  get flags(): number {
    return this.#records.readUInt16LE(this.#at + 8)
  }

  /** Checksum of its content. */
  get crc32(): number {
    return this.#records.readUInt32LE(this.#at + 16)
  }

  /** Date and time of MS-DOS: the date in the upper 16 bits (§4.4.6). */
  get modified(): number {
    return this.#records.readUInt32LE(this.#at + 12)
  }

  /** Attributes of MS-DOS in the lowest byte, mode of Unix in the upper 16 bits. */
  get externalAttributes(): number {
    return this.#records.readUInt32LE(this.#at + 38)
  }

  /** The system whose attributes it has: 0 MS-DOS, 3 Unix, 19 macOS (§4.4.2). */
  get host(): number {
    return this.#records.readUInt8(this.#at + 5)
  }

  get nameBytes(): Buffer {
    return this.#part(0, 28)
  }

  /** Extra fields of its record in the directory. Its local header has others. */
  get extra(): Buffer {
    return this.#part(this.#records.readUInt16LE(this.#at + 28), 30)
  }

  get comment(): Buffer {
    const before = this.#records.readUInt16LE(this.#at + 28) + this.#records.readUInt16LE(this.#at + 30)
    return this.#part(before, 32)
  }

  /** Its record in the directory, as it stands. */
  get record(): Buffer {
    const length = [28, 30, 32].reduce((sum, field) => sum + this.#records.readUInt16LE(this.#at + field), 0)
    return this.#records.subarray(this.#at, this.#at + lengths.directoryHeader + length)
  }

  #part(before: number, lengthField: number): Buffer {
    const start = this.#at + lengths.directoryHeader + before
    return this.#records.subarray(start, start + this.#records.readUInt16LE(this.#at + lengthField))
  }
}

/** Whether external attributes are those of a symbolic link. */
export function isLink(externalAttributes: number): boolean {
  return ((externalAttributes >>> 16) & fileType) === symbolicLink
}

/** Whether an entry is encrypted, or hides what is said of it. */
export function isEncrypted(flags: number): boolean {
  return (flags & (flag.encrypted | flag.strongEncryption | flag.maskedHeader)) !== 0
}
