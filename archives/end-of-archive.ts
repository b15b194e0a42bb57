import { ArchiveError } from './archive-error.ts'
import { inZip64, inZip64Short } from './extra-fields.ts'
import type { ArchiveLimits } from './limits.ts'
import type { ReadAt } from './positioned-reader.ts'
import { lengths, signatures } from './records.ts'

/** Where an archive's directory is, and the records behind it. */
export interface EndOfArchive {
  readonly entryCount: number
  readonly directoryOffset: number
  readonly directorySize: number
  /** The ZIP64 record and its locator, which stand behind the directory; empty where there are none. */
  readonly zip64: Buffer
  /** The record that ends the archive, with its comment. */
  readonly end: Buffer
}

const longestComment = 0xffff
const wrapped = 2 ** 32

/**
 * The most bytes that a directory may have: 100,000 entries with long names and extra fields. All of it is kept in memory while the
 * archive is open.
 */
const largestDirectory = 64 * 1024 * 1024

/**
 * Finds the one directory of an archive (APPNOTE.TXT 6.3.10 §4.3.14 to §4.3.16). Readers differ in where they look for it, so there
 * must be one place where all of them find it: its end is the end of the file, offsets count from the beginning of the file, and where
 * sizes are given twice they agree.
 *
 * @throws ArchiveError `ARCHIVE_NOT_ZIP`, `ARCHIVE_TRUNCATED`, `ARCHIVE_BYTES_BEHIND`, `ARCHIVE_BYTES_BEFORE`, `ARCHIVE_AMBIGUOUS`,
 *   `ARCHIVE_SPLIT`, `ARCHIVE_SIZES_WRAPPED`, `ARCHIVE_MALFORMED`, `ARCHIVE_TOO_MANY_ENTRIES`, `ARCHIVE_DIRECTORY_TOO_LARGE`
 */
export function findEnd(readAt: ReadAt, fileSize: number, limits: ArchiveLimits): EndOfArchive {
  const tailSize = Math.min(fileSize, lengths.endOfDirectory + longestComment + lengths.zip64)
  // A copy: it is kept.
  const tail = Buffer.from(readAt(fileSize - tailSize, tailSize))
  const at = findRecord(tail, fileSize, () => fileSize >= 4 && readAt(0, 4).readUInt32LE(0))
  const end = tail.subarray(at)
  const zip64 = findZip64(tail, at, fileSize - tailSize + at)
  const read = zip64.length === 0 ? readEnd(end) : readZip64(zip64, end)
  const directoryEnd = fileSize - end.length - zip64.length
  requirePlace(read, directoryEnd, { readAt, isZip64: zip64.length > 0 })
  if (read.entryCount > limits.entries) throw tooManyEntries(read.entryCount, limits)
  if (read.directorySize > largestDirectory)
    throw new ArchiveError(
      'ARCHIVE_DIRECTORY_TOO_LARGE',
      `The directory of the archive has ${read.directorySize} bytes; the limit is ${largestDirectory}. Its names, comments or extra fields are unusually long.`,
    )
  return { ...read, zip64, end }
}

/** Where the end record begins in the file's last bytes. */
function findRecord(tail: Buffer, fileSize: number, firstBytes: () => number | false): number {
  const mark = uint32(signatures.endOfDirectory)
  const found: number[] = []
  for (let at = tail.lastIndexOf(mark); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(mark, at - 1)) found.push(at)
  const endOf = (at: number) =>
    at + lengths.endOfDirectory + (at + lengths.endOfDirectory > tail.length ? 0 : tail.readUInt16LE(at + 20))
  const exact = found.filter((at) => endOf(at) === tail.length)
  const [last] = found
  if (last === undefined) {
    if (firstBytes() !== signatures.localHeader)
      throw new ArchiveError(
        'ARCHIVE_NOT_ZIP',
        'The file is no ZIP archive: it has no directory of entries at its end.',
      )
    throw truncated(`it has ${fileSize} bytes, and no directory at their end`)
  }
  if (exact.length > 1 || (exact.length === 1 && exact[0] !== last))
    throw new ArchiveError(
      'ARCHIVE_AMBIGUOUS',
      'The archive has more than one record that could end it, so that readers find different directories. Pack it again without a comment.',
    )
  if (exact.length === 1) return last
  if (endOf(last) > tail.length) throw truncated('its last record is not whole')
  throw new ArchiveError(
    'ARCHIVE_BYTES_BEHIND',
    `Behind the end of the archive stand ${tail.length - endOf(last)} bytes that do not belong to it. Remove them, or pack it again.`,
  )
}

function findZip64(tail: Buffer, at: number, position: number): Buffer {
  const locatorAt = at - lengths.zip64Locator
  if (locatorAt < 0 || tail.readUInt32LE(locatorAt) !== signatures.zip64Locator) return Buffer.alloc(0)
  const start = at - lengths.zip64
  const isRight =
    start >= 0 &&
    tail.readUInt32LE(start) === signatures.zip64End &&
    Number(tail.readBigUInt64LE(start + 4)) === lengths.zip64 - lengths.zip64Locator - 12 &&
    tail.readUInt32LE(locatorAt + 4) === 0 &&
    tail.readUInt32LE(locatorAt + 16) === 1
  if (!isRight) throw malformed('its ZIP64 records are not of the usual form')
  const said = Number(tail.readBigUInt64LE(locatorAt + 8))
  const where = position - lengths.zip64
  if (said < where) throw bytesBefore(where - said)
  if (said !== where) throw malformed('its ZIP64 record does not stand where its locator says')
  return tail.subarray(start, at)
}

type Directory = Pick<EndOfArchive, 'entryCount' | 'directoryOffset' | 'directorySize'>

function readEnd(end: Buffer): Directory {
  const [disk, directoryDisk, here] = [end.readUInt16LE(4), end.readUInt16LE(6), end.readUInt16LE(8)]
  const entryCount = end.readUInt16LE(10)
  if (disk !== 0 || directoryDisk !== 0 || here !== entryCount) throw split()
  return { entryCount, directorySize: end.readUInt32LE(12), directoryOffset: end.readUInt32LE(16) }
}

function readZip64(zip64: Buffer, end: Buffer): Directory {
  const [here, count, directorySize, directoryOffset] = [24, 32, 40, 48].map((at) =>
    Number(zip64.readBigUInt64LE(at)),
  ) as [number, number, number, number]
  const disks = [zip64.readUInt32LE(16), zip64.readUInt32LE(20)]
  if (disks.some((disk) => disk !== 0) || here !== count) throw split()
  const shorts = [0, 0, here, count].every((value, index) =>
    [value, inZip64Short].includes(end.readUInt16LE(4 + 2 * index)),
  )
  const longs = [directorySize, directoryOffset].every((value, index) =>
    [value, inZip64].includes(end.readUInt32LE(12 + 4 * index)),
  )
  if (!shorts || !longs)
    throw new ArchiveError(
      'ARCHIVE_AMBIGUOUS',
      'The records at the end of the archive give different sizes of its directory, so that readers find different entries. Pack it again.',
    )
  return { entryCount: count, directorySize, directoryOffset }
}

function requirePlace(
  { directoryOffset, directorySize, entryCount }: Directory,
  directoryEnd: number,
  { readAt, isZip64 }: { readonly readAt: ReadAt; readonly isZip64: boolean },
): void {
  const missing = directoryEnd - directoryOffset - directorySize
  if (missing > 0) {
    if (!isZip64 && missing % wrapped === 0) throw sizesWrapped()
    const begins = directoryEnd - directorySize
    if (entryCount === 0 || readAt(begins, 4).readUInt32LE(0) === signatures.directoryHeader) throw bytesBefore(missing)
    throw malformed(`${missing} bytes stand between its directory and its end`)
  }
  if (missing < 0) throw truncated(`its directory would end ${-missing} bytes behind where it ends`)
  if (directorySize < entryCount * lengths.directoryHeader)
    throw malformed(`its directory is too small for ${entryCount} entries`)
}

/** The error of an archive with more entries than the limit. */
export function tooManyEntries(count: number, { entries }: ArchiveLimits): ArchiveError {
  return new ArchiveError('ARCHIVE_TOO_MANY_ENTRIES', `The archive has ${count} entries; the limit is ${entries}.`)
}

/** The error of an archive that macOS, or another program without ZIP64, wrote beyond what its fields can hold. */
export function sizesWrapped(): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_SIZES_WRAPPED',
    'The archive has more than 4 GiB or 65,535 entries and was written without ZIP64, as by the archive utility of macOS: its sizes and counts are wrong. Pack it with a program that writes ZIP64, such as `zip`.',
  )
}

/** The error of an archive that is damaged in a way that has no name of its own. */
export function malformed(why: string): ArchiveError {
  return new ArchiveError('ARCHIVE_MALFORMED', `The archive is no ZIP file in order: ${why}. Pack it again.`)
}

/** The error of an archive whose offsets do not count from the beginning of the file. */
export function bytesBefore(count: number, why = 'that its offsets do not count, or another archive'): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_BYTES_BEFORE',
    `In front of the archive stand ${count} bytes ${why}. Readers differ in what they make of that: pack it again without them.`,
  )
}

function truncated(why: string): ArchiveError {
  return new ArchiveError('ARCHIVE_TRUNCATED', `The archive is cut off: ${why}. Upload it again.`)
}

function split(): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_SPLIT',
    'The archive is a part of one that is split over several files. Pack it as one.',
  )
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
