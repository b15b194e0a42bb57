/** Signatures of the records of a ZIP file (APPNOTE.TXT 6.3.10, §4.3). */
export const signatures = {
  localHeader: 0x04034b50,
  dataDescriptor: 0x08074b50,
  directoryHeader: 0x02014b50,
  endOfDirectory: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
} as const

/** Lengths of the records' fixed parts, in bytes; `zip64` is the ZIP64 record together with its locator. */
export const lengths = {
  localHeader: 30,
  directoryHeader: 46,
  endOfDirectory: 22,
  zip64Locator: 20,
  zip64: 76,
} as const

/** General purpose bits (§4.4.4). */
export const flag = {
  encrypted: 1 << 0,
  dataDescriptor: 1 << 3,
  strongEncryption: 1 << 6,
  utf8: 1 << 11,
  maskedHeader: 1 << 13,
} as const

/** What the directory says of an entry. */
export type DirectoryRecord = {
  /** The record as it stands, with name, extra field and comment. */
  readonly bytes: Buffer
  readonly nameBytes: Buffer
  readonly extra: Buffer
  readonly flags: number
  readonly method: number
  /** Time and date in the form of MS-DOS, as one number. */
  readonly modified: number
  readonly crc32: number
  readonly compressedSize: number
  readonly size: number
  readonly startDisk: number
  readonly localOffset: number
}

/** The record at an offset of the directory; `undefined` where none stands whole. */
export function readDirectoryRecord(directory: Buffer, offset: number): DirectoryRecord | undefined {
  if (offset + lengths.directoryHeader > directory.length) return undefined
  if (directory.readUInt32LE(offset) !== signatures.directoryHeader) return undefined
  const nameEnd = offset + lengths.directoryHeader + directory.readUInt16LE(offset + 28)
  const extraEnd = nameEnd + directory.readUInt16LE(offset + 30)
  const end = extraEnd + directory.readUInt16LE(offset + 32)
  if (end > directory.length) return undefined
  return {
    bytes: directory.subarray(offset, end),
    nameBytes: directory.subarray(offset + lengths.directoryHeader, nameEnd),
    extra: directory.subarray(nameEnd, extraEnd),
    flags: directory.readUInt16LE(offset + 8),
    method: directory.readUInt16LE(offset + 10),
    modified: directory.readUInt32LE(offset + 12),
    crc32: directory.readUInt32LE(offset + 16),
    compressedSize: directory.readUInt32LE(offset + 20),
    size: directory.readUInt32LE(offset + 24),
    startDisk: directory.readUInt16LE(offset + 34),
    localOffset: directory.readUInt32LE(offset + 42),
  }
}

/** Ids of the fields of an extra field (§4.5); `undefined` when it is not made of whole fields. */
export function extraFieldIds(extra: Buffer): readonly number[] | undefined {
  const ids: number[] = []
  let offset = 0
  while (offset < extra.length) {
    if (offset + 4 > extra.length) return undefined
    ids.push(extra.readUInt16LE(offset))
    offset += 4 + extra.readUInt16LE(offset + 2)
  }
  return offset === extra.length ? ids : undefined
}

/** An entry whose content is stored as it is: its local header and its record of the directory. */
export function storedEntry(entry: {
  readonly nameBytes: Uint8Array
  readonly content: Uint8Array
  readonly crc32: number
  readonly modified: number
  readonly localOffset: number
}): { readonly local: Buffer; readonly directory: Buffer } {
  const { nameBytes, content, modified, localOffset } = entry
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt16LE(flag.utf8, 2)
  common.writeUInt16LE(0, 4)
  common.writeUInt32LE(modified, 6)
  common.writeUInt32LE(entry.crc32, 10)
  common.writeUInt32LE(content.length, 14)
  common.writeUInt32LE(content.length, 18)
  common.writeUInt16LE(nameBytes.length, 22)
  const local = Buffer.concat([uint32(signatures.localHeader), common, nameBytes])
  const tail = Buffer.alloc(14)
  tail.writeUInt32LE(localOffset, 10)
  const directory = Buffer.concat([uint32(signatures.directoryHeader), uint16(20), common, tail, nameBytes])
  return { local, directory }
}

/** The record with another offset of the entry's local header; everything else of it stays. */
export function withLocalOffset(record: DirectoryRecord, localOffset: number): Buffer {
  const bytes = Buffer.from(record.bytes)
  bytes.writeUInt32LE(localOffset, 42)
  return bytes
}

/** The record at the end of a ZIP file. */
export function endOfDirectory(entries: number, directorySize: number, directoryOffset: number): Buffer {
  const bytes = Buffer.alloc(lengths.endOfDirectory)
  bytes.writeUInt32LE(signatures.endOfDirectory, 0)
  bytes.writeUInt16LE(entries, 8)
  bytes.writeUInt16LE(entries, 10)
  bytes.writeUInt32LE(directorySize, 12)
  bytes.writeUInt32LE(directoryOffset, 16)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}
