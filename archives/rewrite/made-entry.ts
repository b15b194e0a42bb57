import { inZip64, withZip64, zip64Field } from '../extra-fields.ts'
import { flag, lengths, signatures } from '../records.ts'
import { method as methods, type ZipEntry } from '../zip-entry.ts'
import type { EntryContent, InsertedEntry } from './changes.ts'
import { sizeOf } from './compress.ts'

/** The version of the format that ZIP64 needs (APPNOTE.TXT 6.3.10 §4.4.3.2). */
export const versionOfZip64 = 45
const usualVersion = 20
/** The first of January of 1980, midnight: the first time that MS-DOS knows. */
const earliest = 0x00210000
/** Deflate makes of data that it cannot compress a few bytes more. */
const mostGrowth = 1 + 1 / 1024

/** An entry whose data are written anew: what its records say beside sizes, checksum and place. */
export interface MadeEntry {
  readonly content: EntryContent
  readonly nameBytes: Buffer
  readonly versionMadeBy: number
  readonly versionNeeded: number
  readonly flags: number
  readonly method: number
  readonly level: number | undefined
  readonly modified: number
  readonly internalAttributes: number
  readonly externalAttributes: number
  /** Without ZIP64 fields where none is needed. */
  readonly localExtra: Buffer
  readonly extra: Buffer
  readonly comment: Buffer
  /** Whether its local header has a ZIP64 field. That is settled before its compressed size is known. */
  readonly isZip64: boolean
}

/** What is known of an entry's data once they are written. */
export interface MadeData {
  readonly crc32: number
  readonly compressedSize: number
  readonly offset: number
}

/**
 * An entry with another content.
 *
 * @param localExtra the extra field of its local header
 */
export function replacedEntry(entry: ZipEntry, localExtra: Buffer, content: EntryContent): MadeEntry {
  const { record, nameBytes, method, modified, externalAttributes, extra, comment } = entry
  const flags = entry.flags & ~flag.dataDescriptor
  return made({
    ...{
      content,
      nameBytes: Buffer.from(nameBytes),
      method,
      modified,
      externalAttributes,
      comment,
      extra,
      localExtra,
      flags,
    },
    level: method === methods.stored ? undefined : levelOf(flags),
    versionMadeBy: record.readUInt16LE(4),
    versionNeeded: record.readUInt16LE(6),
    internalAttributes: record.readUInt16LE(36),
  })
}

/** An entry that the archive did not have. */
export function insertedEntry({ name, content, method }: InsertedEntry, like: ZipEntry | undefined): MadeEntry {
  const none = Buffer.alloc(0)
  return made({
    ...{ content, nameBytes: Buffer.from(name), comment: none, extra: none, localExtra: none, internalAttributes: 0 },
    method: method === 'stored' ? methods.stored : methods.deflated,
    level: method === 'stored' ? undefined : levelOf(0),
    flags: /^\p{ASCII}*$/u.test(name) ? 0 : flag.utf8,
    modified: like?.modified ?? earliest,
    externalAttributes: like?.externalAttributes ?? 0,
    versionMadeBy: like?.record.readUInt16LE(4) ?? usualVersion,
    versionNeeded: usualVersion,
  })
}

function made(entry: Omit<MadeEntry, 'isZip64'>): MadeEntry {
  const isZip64 = sizeOf(entry.content) * mostGrowth + 64 >= inZip64
  return {
    ...entry,
    isZip64,
    localExtra: withZip64(entry.localExtra, undefined),
    extra: withZip64(entry.extra, undefined),
  }
}

/** The level of zlib of the class that the general purpose bits say (§4.4.4): normal, maximum, fast, super fast. */
function levelOf(flags: number): number {
  return [6, 9, 2, 1][(flags >> 1) & 3] ?? 6
}

/** Length of its local header, which does not depend on its data. */
export function localHeaderLength(entry: MadeEntry): number {
  return lengths.localHeader + entry.nameBytes.length + entry.localExtra.length + (entry.isZip64 ? 20 : 0)
}

/** Its local header (§4.3.7). */
export function localHeader(entry: MadeEntry, data: MadeData): Buffer {
  const { nameBytes, isZip64 } = entry
  const size = sizeOf(entry.content)
  const extra = isZip64 ? withZip64(entry.localExtra, zip64Field([size, data.compressedSize])) : entry.localExtra
  const fixed = Buffer.alloc(lengths.localHeader)
  fixed.writeUInt32LE(signatures.localHeader, 0)
  const sizes = isZip64 ? { size: inZip64, compressedSize: inZip64 } : { size, compressedSize: data.compressedSize }
  writeCommon(fixed, 4, { ...entry, ...sizes, crc32: data.crc32, isZip64 })
  fixed.writeUInt16LE(extra.length, 28)
  return Buffer.concat([fixed, nameBytes, extra])
}

/** Its record in the directory (§4.3.12). */
export function directoryRecord(entry: MadeEntry, data: MadeData): Buffer {
  const { nameBytes, comment, isZip64 } = entry
  const size = sizeOf(entry.content)
  const isFar = data.offset >= inZip64
  const large = [...(isZip64 ? [size, data.compressedSize] : []), ...(isFar ? [data.offset] : [])]
  const extra = large.length > 0 ? withZip64(entry.extra, zip64Field(large)) : entry.extra
  const fixed = Buffer.alloc(lengths.directoryHeader)
  fixed.writeUInt32LE(signatures.directoryHeader, 0)
  fixed.writeUInt16LE(entry.versionMadeBy, 4)
  const sizes = isZip64 ? { size: inZip64, compressedSize: inZip64 } : { size, compressedSize: data.compressedSize }
  writeCommon(fixed, 6, { ...entry, ...sizes, crc32: data.crc32, isZip64: large.length > 0 })
  fixed.writeUInt16LE(extra.length, 30)
  fixed.writeUInt16LE(comment.length, 32)
  fixed.writeUInt16LE(entry.internalAttributes, 36)
  fixed.writeUInt32LE(entry.externalAttributes, 38)
  fixed.writeUInt32LE(isFar ? inZip64 : data.offset, 42)
  return Buffer.concat([fixed, nameBytes, extra, comment])
}

/** What both records have in one order, from the version on up to the length of the name. */
function writeCommon(
  bytes: Buffer,
  at: number,
  fields: Pick<MadeEntry, 'versionNeeded' | 'flags' | 'method' | 'modified' | 'nameBytes' | 'isZip64'> & {
    readonly crc32: number
    readonly compressedSize: number
    readonly size: number
  },
): void {
  bytes.writeUInt16LE(withVersion(fields.versionNeeded, fields.isZip64), at)
  bytes.writeUInt16LE(fields.flags, at + 2)
  bytes.writeUInt16LE(fields.method, at + 4)
  bytes.writeUInt32LE(fields.modified, at + 6)
  bytes.writeUInt32LE(fields.crc32, at + 10)
  bytes.writeUInt32LE(fields.compressedSize, at + 14)
  bytes.writeUInt32LE(fields.size, at + 18)
  bytes.writeUInt16LE(fields.nameBytes.length, at + 22)
}

/** The version needed, raised where ZIP64 needs it; its upper byte stays. */
export function withVersion(version: number, isZip64: boolean): number {
  return isZip64 && (version & 0xff) < versionOfZip64 ? (version & 0xff00) | versionOfZip64 : version
}
