import { entryError, shown } from './archive-error.ts'
import { bytesBefore, sizesWrapped } from './end-of-archive.ts'
import { extraFields, extraId, inZip64, isUnambiguous, resolveExtent } from './extra-fields.ts'
import type { ListedEntry } from './listed-entry.ts'
import { decodeName, isOneName } from './names.ts'
import type { ReadAt } from './positioned-reader.ts'
import { flag, lengths, signatures } from './records.ts'

/** Bits that say how well an entry was compressed; some writers give them in one place only. */
const levelBits = 0b110
/** The largest part of a file in front of an archive, such as a program that unpacks it. */
const largestPrefix = 64 * 1024 * 1024
const scanned = 256 * 1024

/** Where the bytes of entries are, in the order in which they stand in the file. */
export interface EntryPlaces {
  /** Places in the directory. */
  readonly order: Uint32Array
  readonly dataStarts: Float64Array
  readonly ends: Float64Array
  readonly prefixSize: number
}

/**
 * Compares each local header with the directory, and requires that entries follow each other without a gap up to the directory: what
 * readers find that go by the directory, and those that read from the first byte on, is the same.
 *
 * @throws ArchiveError `ARCHIVE_HEADERS_DISAGREE`, `ARCHIVE_ENTRIES_OVERLAP`, `ARCHIVE_BYTES_BETWEEN`, `ARCHIVE_BYTES_BEFORE`,
 *   `ARCHIVE_SIZES_WRAPPED`, `ARCHIVE_MALFORMED`
 */
export function checkLocalHeaders(
  readAt: ReadAt,
  entries: readonly ListedEntry[],
  directoryOffset: number,
): EntryPlaces {
  const order = Uint32Array.from(entries.keys()).sort((one, other) => offsetOf(one) - offsetOf(other))
  function offsetOf(index: number): number {
    return entries[index]?.offset ?? 0
  }
  const last = entries[order.at(-1) ?? -1]
  if (last !== undefined && last.offset >= directoryOffset)
    throw entryError('ARCHIVE_MALFORMED', last.name, 'would begin behind the entries. Pack it again.')
  const dataStarts = new Float64Array(entries.length)
  const ends = new Float64Array(entries.length)
  for (const [place, index] of order.entries()) {
    const next = order[place + 1]
    const end = next === undefined ? directoryOffset : offsetOf(next)
    const entry = entries[index] as ListedEntry
    dataStarts[place] = checkEntry(readAt, entry, end, next === undefined ? undefined : entries[next])
    ends[place] = end
  }
  const prefixSize = order[0] === undefined ? directoryOffset : offsetOf(order[0])
  checkPrefix(readAt, prefixSize, entries.length === 0)
  return { order, dataStarts, ends, prefixSize }
}

/** Where its data begin. */
function checkEntry(readAt: ReadAt, entry: ListedEntry, end: number, next: ListedEntry | undefined): number {
  const { name, offset: start, nameBytes } = entry
  const overlap = () =>
    entryError(
      'ARCHIVE_ENTRIES_OVERLAP',
      name,
      next === undefined
        ? 'reaches into the directory. Pack it again.'
        : `shares bytes with the entry «${shown(next.name)}». Pack it again.`,
    )
  if (start + lengths.localHeader > end) throw overlap()
  const fixed = readAt(start, lengths.localHeader)
  if (fixed.readUInt32LE(0) !== signatures.localHeader)
    throw entryError('ARCHIVE_MALFORMED', name, `has no header at byte ${start}. Pack it again.`)
  const dataStart = start + lengths.localHeader + fixed.readUInt16LE(26) + fixed.readUInt16LE(28)
  if (dataStart > end) throw overlap()
  const header = readAt(start, dataStart - start)
  const extra = header.subarray(lengths.localHeader + header.readUInt16LE(26))
  const disagree = (what: string) =>
    entryError(
      'ARCHIVE_HEADERS_DISAGREE',
      name,
      `has another ${what} in its own header than in the directory, so that readers differ. Pack it again.`,
    )
  if (!header.subarray(lengths.localHeader, header.length - extra.length).equals(nameBytes)) throw disagree('name')
  if (((header.readUInt16LE(6) ^ entry.flags) & ~levelBits) !== 0) throw disagree('set of flags')
  if (header.readUInt16LE(8) !== entry.method) throw disagree('compression method')
  const fields = extra.length === 0 ? [] : extraFields(extra)
  if (!isUnambiguous(extra))
    throw entryError('ARCHIVE_MALFORMED', name, 'has an extra field that can be read in two ways. Pack it again.')
  const zip64 = fields.find(({ id }) => id === extraId.zip64)?.data
  const named = { nameBytes, extra, flags: entry.flags, host: entry.host }
  if (!isOneName(named) || decodeName(named) !== name) throw disagree('second name')
  const isDescribed = (entry.flags & flag.dataDescriptor) !== 0
  checkSizes(entry, header, zip64, isDescribed, disagree)
  const tail = end - dataStart - entry.compressedSize
  if (tail < 0) throw overlap()
  const described = isDescribed ? checkDescriptor(readAt, entry, { tail, end, isZip64: zip64 !== undefined }) : 0
  if (tail > described) {
    if ((tail - described) % 2 ** 32 === 0) throw sizesWrapped()
    throw entryError(
      'ARCHIVE_BYTES_BETWEEN',
      name,
      `is followed by ${tail - described} bytes that belong to no entry. Pack it again.`,
    )
  }
  return dataStart
}

function checkSizes(
  entry: ListedEntry,
  header: Buffer,
  zip64: Buffer | undefined,
  isDescribed: boolean,
  disagree: (what: string) => Error,
): void {
  const own = { size: header.readUInt32LE(22), compressedSize: header.readUInt32LE(18) }
  const said = resolveExtent(own, zip64)
  if (said === undefined)
    throw entryError('ARCHIVE_MALFORMED', entry.name, 'has a ZIP64 field that does not fit its header. Pack it again.')
  // Who streams knows none of them when the header is written, or only some.
  const isSame = (value: number, meant: number) =>
    value === meant || (isDescribed && (value === 0 || (value === inZip64 && zip64 === undefined)))
  if (!isSame(header.readUInt32LE(14), entry.crc32)) throw disagree('checksum')
  if (!isSame(said.compressedSize, entry.compressedSize)) throw disagree('compressed size')
  if (!isSame(said.size, entry.size)) throw disagree('size')
}

/**
 * Its length: 12 bytes or 20, where the local header has a ZIP64 field or a size does not fit into four bytes (§4.3.9.2), and four more
 * with a signature.
 */
function checkDescriptor(
  readAt: ReadAt,
  entry: ListedEntry,
  { tail, end, isZip64 }: { readonly tail: number; readonly end: number; readonly isZip64: boolean },
): number {
  const { name, crc32, compressedSize, size } = entry
  const isLong = isZip64 || compressedSize >= inZip64 || size >= inZip64
  const length = isLong ? 20 : 12
  if (tail !== length && tail !== length + 4) {
    if (tail < length)
      throw entryError('ARCHIVE_HEADERS_DISAGREE', name, 'has no whole descriptor behind its data. Pack it again.')
    if ([length, length + 4].some((each) => (tail - each) % 2 ** 32 === 0)) throw sizesWrapped()
    return tail > length + 4 && readAt(end - tail, 4).readUInt32LE(0) === signatures.dataDescriptor
      ? length + 4
      : length
  }
  const descriptor = readAt(end - tail, tail)
  const at = tail - length
  const values = isLong
    ? [descriptor.readBigUInt64LE(at + 4), descriptor.readBigUInt64LE(at + 12)].map(Number)
    : [descriptor.readUInt32LE(at + 4), descriptor.readUInt32LE(at + 8)]
  const isSame =
    (at === 0 || descriptor.readUInt32LE(0) === signatures.dataDescriptor) &&
    descriptor.readUInt32LE(at) === crc32 &&
    values[0] === compressedSize &&
    values[1] === size
  if (isSame) return tail
  throw entryError(
    'ARCHIVE_HEADERS_DISAGREE',
    name,
    'has a descriptor behind its data that says something else than the directory. Pack it again.',
  )
}

/** A program that unpacks what follows may stand in front, when whoever reads from the first byte on finds no entry in it. */
function checkPrefix(readAt: ReadAt, size: number, isEmpty: boolean): void {
  if (size === 0) return
  if (isEmpty) throw bytesBefore(size, 'and no entries')
  if (size > largestPrefix) throw bytesBefore(size, `where at most ${largestPrefix} may`)
  for (let position = 0; position < size; position += scanned) {
    const block = readAt(position, Math.min(scanned + 3, size - position))
    for (const mark of ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07', 'PK\x07\x08'])
      if (block.includes(mark, 0, 'latin1')) throw bytesBefore(size, 'in which records of an archive stand')
  }
}
