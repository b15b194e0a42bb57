import { entryError } from '../archive-error.ts'
import { extraFields, extraId, inZip64, withZip64, zip64Field } from '../extra-fields.ts'
import { lengths } from '../records.ts'
import type { ZipEntry } from '../zip-entry.ts'
import { withVersion } from './made-entry.ts'

/**
 * The record of an entry that was moved: as it was, but for where its local header is. A ZIP64 field that holds the place keeps its form;
 * one is made where the place needs it.
 *
 * @throws ArchiveError `ARCHIVE_MALFORMED` when its extra field has no room for that
 */
export function movedRecord(entry: ZipEntry, offset: number): Buffer {
  const record = Buffer.from(entry.record)
  const own = {
    size: record.readUInt32LE(24),
    compressedSize: record.readUInt32LE(20),
    offset: record.readUInt32LE(42),
  }
  const extraStart = lengths.directoryHeader + record.readUInt16LE(28)
  const extra = record.subarray(extraStart, extraStart + record.readUInt16LE(30))
  const field = extraFields(extra).find(({ id }) => id === extraId.zip64)
  const count = Math.floor((field?.data.length ?? 0) / 8)
  if (field !== undefined && own.offset === inZip64) {
    const before = [own.size, own.compressedSize].filter((value) => value === inZip64).length
    field.data.writeBigUInt64LE(BigInt(offset), before * 8)
    return record
  }
  if (offset < inZip64) {
    // Some fields have all values, whatever the record has.
    if (count === 3) field?.data.writeBigUInt64LE(BigInt(offset), 16)
    record.writeUInt32LE(offset, 42)
    return record
  }
  return withFieldOf(entry, record, { extraStart, extra, offset })
}

function withFieldOf(
  entry: ZipEntry,
  record: Buffer,
  { extraStart, extra, offset }: { readonly extraStart: number; readonly extra: Buffer; readonly offset: number },
): Buffer {
  // Sizes of all ones without a ZIP64 field are sizes, which now go into it too.
  const sizes = [24, 20].flatMap((at, index) =>
    record.readUInt32LE(at) === inZip64 ? [index === 0 ? entry.size : entry.compressedSize] : [],
  )
  const longer = withZip64(extra, zip64Field([...sizes, offset]))
  if (longer.length > 0xffff)
    throw entryError(
      'ARCHIVE_MALFORMED',
      entry.name,
      'has extra fields that leave no room for its place beyond 4 GiB. Pack it again without them.',
    )
  const fixed = Buffer.from(record.subarray(0, lengths.directoryHeader))
  fixed.writeUInt16LE(withVersion(fixed.readUInt16LE(6), true), 6)
  fixed.writeUInt16LE(longer.length, 30)
  fixed.writeUInt32LE(inZip64, 42)
  return Buffer.concat([
    fixed,
    record.subarray(lengths.directoryHeader, extraStart),
    longer,
    record.subarray(extraStart + extra.length),
  ])
}
