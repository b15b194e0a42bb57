import { inZip64, inZip64Short } from '../extra-fields.ts'
import { lengths, signatures } from '../records.ts'
import type { ZipDirectory } from '../zip-entry.ts'
import { versionOfZip64 } from './made-entry.ts'

/** What the records behind a directory say. */
export interface DirectoryExtent {
  readonly count: number
  readonly offset: number
  readonly size: number
}

/**
 * The records that end an archive (APPNOTE.TXT 6.3.10 §4.3.14 to §4.3.16), with the comment that it had: ZIP64 ones where it had them, or
 * needs them now.
 */
export function endRecords({ zip64, end }: Pick<ZipDirectory, 'zip64' | 'end'>, extent: DirectoryExtent): Buffer {
  const { count, offset, size } = extent
  const last = Buffer.from(end)
  const isNeeded = count >= inZip64Short || offset >= inZip64 || size >= inZip64
  if (!isNeeded && zip64.length === 0) {
    for (const at of [8, 10]) last.writeUInt16LE(count, at)
    last.writeUInt32LE(size, 12)
    last.writeUInt32LE(offset, 16)
    return last
  }
  // What stood in the ZIP64 record only stays there.
  for (const at of [8, 10]) last.writeUInt16LE(fitting(last.readUInt16LE(at), count, inZip64Short, zip64), at)
  last.writeUInt32LE(fitting(last.readUInt32LE(12), size, inZip64, zip64), 12)
  last.writeUInt32LE(fitting(last.readUInt32LE(16), offset, inZip64, zip64), 16)
  const records = zip64.length === 0 ? newZip64() : Buffer.from(zip64)
  for (const [at, value] of [count, count, size, offset].entries()) records.writeBigUInt64LE(BigInt(value), 24 + at * 8)
  records.writeBigUInt64LE(BigInt(offset + size), lengths.zip64 - lengths.zip64Locator + 8)
  return Buffer.concat([records, last])
}

function fitting(before: number, value: number, mark: number, zip64: Uint8Array): number {
  return (zip64.length > 0 && before === mark) || value >= mark ? mark : value
}

function newZip64(): Buffer {
  const records = Buffer.alloc(lengths.zip64)
  records.writeUInt32LE(signatures.zip64End, 0)
  records.writeBigUInt64LE(BigInt(lengths.zip64 - lengths.zip64Locator - 12), 4)
  records.writeUInt16LE(versionOfZip64, 12)
  records.writeUInt16LE(versionOfZip64, 14)
  const locator = lengths.zip64 - lengths.zip64Locator
  records.writeUInt32LE(signatures.zip64Locator, locator)
  records.writeUInt32LE(1, locator + 16)
  return records
}
