import { ArchiveError, entryError, shown } from './archive-error.ts'
import { checkLocalHeaders } from './check-local-headers.ts'
import { type EndOfArchive, findEnd, malformed, sizesWrapped, tooManyEntries } from './end-of-archive.ts'
import { extraFields, extraId, isUnambiguous, resolveExtent } from './extra-fields.ts'
import type { ArchiveLimits } from './limits.ts'
import type { ListedEntry } from './listed-entry.ts'
import { decodeName, isOneName, nameFault, pathOf } from './names.ts'
import type { ReadAt } from './positioned-reader.ts'
import { lengths, signatures } from './records.ts'
import { requireDifferentPaths } from './require-different-paths.ts'
import { requireLinkInside } from './symbolic-links.ts'
import { isEncrypted, isLink, method, positionsPerEntry, type ZipDirectory } from './zip-entry.ts'

/**
 * Reads all that an archive says of its entries, and requires that it can be read in one way only (APPNOTE.TXT 6.3.10). By calls that
 * block: for a thread.
 *
 * @throws ArchiveError; all its codes but those of content
 */
export function readDirectory(readAt: ReadAt, fileSize: number, limits: ArchiveLimits): ZipDirectory {
  const found = findEnd(readAt, fileSize, limits)
  const records = Buffer.from(readAt(found.directoryOffset, found.directorySize))
  const entries = listEntries(records, found, limits)
  requireWithinLimits(entries, limits)
  requireDifferentPaths(entries)
  const { order, dataStarts, ends, prefixSize } = checkLocalHeaders(readAt, entries, found.directoryOffset)
  const positions = new Float64Array(entries.length * positionsPerEntry)
  for (const [place, index] of order.entries()) {
    const { at, offset, compressedSize, size } = entries[index] as ListedEntry
    const dataStart = dataStarts[place] ?? 0
    positions.set([at, offset, dataStart, ends[place] ?? 0, compressedSize, size], index * positionsPerEntry)
    if (entries[index]?.isLink === true) requireLinkInside(readAt, { ...(entries[index] as ListedEntry), dataStart })
  }
  const { directoryOffset, zip64, end } = found
  return { prefixSize, directoryOffset, records, positions, zip64, end }
}

function listEntries(records: Buffer, { entryCount, zip64 }: EndOfArchive, limits: ArchiveLimits): ListedEntry[] {
  const entries: ListedEntry[] = []
  let at = 0
  while (entries.length < entryCount || at < records.length) {
    if (entries.length > limits.entries) throw tooManyEntries(entries.length, limits)
    if (at === records.length || at + lengths.directoryHeader > records.length)
      throw malformed(`it says that it has ${entryCount} entries, and its directory ends behind ${entries.length}`)
    if (records.readUInt32LE(at) !== signatures.directoryHeader)
      throw malformed(`no entry stands at byte ${at} of its directory`)
    const nameEnd = at + lengths.directoryHeader + records.readUInt16LE(at + 28)
    const extraEnd = nameEnd + records.readUInt16LE(at + 30)
    const end = extraEnd + records.readUInt16LE(at + 32)
    if (end > records.length) throw malformed(`the entry at byte ${at} of its directory is cut off`)
    const nameBytes = records.subarray(at + lengths.directoryHeader, nameEnd)
    entries.push(readEntry(records, at, nameBytes, records.subarray(nameEnd, extraEnd)))
    at = end
  }
  if (entries.length === entryCount) return entries
  if (zip64.length === 0 && (entries.length - entryCount) % 0x10000 === 0) throw sizesWrapped()
  throw malformed(`it says that it has ${entryCount} entries, and has ${entries.length}`)
}

function readEntry(records: Buffer, at: number, nameBytes: Buffer, extra: Buffer): ListedEntry {
  const flags = records.readUInt16LE(at + 8)
  const named = { nameBytes, extra, flags, host: records.readUInt8(at + 5) }
  const decoded = decodeName(named)
  const name = decoded ?? nameBytes.toString('latin1')
  if (isEncrypted(flags))
    throw entryError('ARCHIVE_ENTRY_ENCRYPTED', name, 'is encrypted. Pack the archive without a password.')
  if (decoded === undefined)
    throw entryError('ARCHIVE_NAME_REFUSED', name, 'has a name that says it is UTF-8 and is not. Pack it again.')
  if (!isUnambiguous(extra))
    throw entryError('ARCHIVE_MALFORMED', name, 'has an extra field that can be read in two ways. Pack it again.')
  if (!isOneName(named))
    throw entryError('ARCHIVE_NAME_REFUSED', name, 'has a second name that is another one. Pack it again.')
  const fault = nameFault(name)
  if (fault !== undefined)
    throw entryError(
      'ARCHIVE_NAME_REFUSED',
      name,
      `has a name that ${fault}. Pack it with paths inside of the archive.`,
    )
  const own = {
    size: records.readUInt32LE(at + 24),
    compressedSize: records.readUInt32LE(at + 20),
    offset: records.readUInt32LE(at + 42),
  }
  const zip64 = extra.length === 0 ? undefined : extraFields(extra).find(({ id }) => id === extraId.zip64)?.data
  const extent = resolveExtent(own, zip64, records.readUInt16LE(at + 34))
  if (extent === undefined)
    throw entryError('ARCHIVE_MALFORMED', name, 'has a ZIP64 field that does not fit its record. Pack it again.')
  const isAsStored = extent.size === extent.compressedSize
  const compression = records.readUInt16LE(at + 10)
  if (compression === method.stored && !isAsStored)
    throw entryError('ARCHIVE_MALFORMED', name, 'is stored, and yet has two sizes. Pack it again.')
  if (/[\\/]$/.test(name) && extent.size > 0)
    throw entryError('ARCHIVE_MALFORMED', name, 'is a folder, and yet has content. Pack it again.')
  return {
    ...{ at, name, path: pathOf(name), nameBytes, flags, method: compression, crc32: records.readUInt32LE(at + 16) },
    ...{ ...extent, host: named.host, isLink: isLink(records.readUInt32LE(at + 38)) },
  }
}

function requireWithinLimits(entries: readonly ListedEntry[], limits: ArchiveLimits): void {
  const { totalSize, ratio, ratioFreeSize } = limits
  let total = 0
  for (const { name, size, compressedSize } of entries) {
    total += size
    if (total > totalSize)
      throw new ArchiveError(
        'ARCHIVE_TOO_LARGE',
        `Unpacked, the entries of the archive up to «${shown(name)}» have ${total} bytes; the limit is ${totalSize}.`,
        { entry: name },
      )
    if (size > ratioFreeSize && size > compressedSize * ratio)
      throw entryError(
        'ARCHIVE_RATIO_EXCEEDED',
        name,
        `is ${compressedSize === 0 ? 'infinitely many' : Math.floor(size / compressedSize)} times larger when it is unpacked; the limit is ${ratio} for entries above ${ratioFreeSize} bytes.`,
      )
  }
}
