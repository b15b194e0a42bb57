import {
  type DirectoryRecord,
  extraFieldIds,
  flag,
  inZip64,
  lengths,
  readDirectoryRecord,
  signatures,
} from '../../archives/index.ts'
import type { ArtifactError } from '../artifact-error.ts'
import { packageError } from './package-error.ts'

/** Bytes that can be read anywhere. */
export type PackageBytes = {
  readonly size: number
  /** Reads exactly so many bytes. */
  readonly read: (position: number, length: number) => Promise<Buffer>
}

/** An entry of a package, with the bytes that it has in the file: header, data and what stands behind them. */
export type PackageEntry = DirectoryRecord & {
  readonly name: string
  readonly start: number
  readonly dataStart: number
  readonly end: number
}

/** The most bytes that a directory may have: about 100,000 entries with long names. */
const largestDirectory = 32 * 1024 * 1024

/** Extra fields that give another size (ZIP64) or another name (Info-ZIP Unicode path) than the entry itself. */
const extraZip64 = 0x0001
const extraUnicodePath = 0x7075

/**
 * Reads the entries of a NuGet package, in the order in which they stand in the file.
 *
 * Readers of ZIP files differ in what they make of a file that is not quite in order, and then a consumer unpacks other files
 * than those that were checked. So one way to read it must be the only one: the entries follow each other without a gap from the
 * first byte on, local headers say what the directory says, the directory follows them, and the file ends with it.
 *
 * @throws ArtifactError `NUGET_PACKAGE_MALFORMED`, `NUGET_ZIP64_REFUSED`, `NUGET_ENTRY_ENCRYPTED`, `NUGET_COMPRESSION_UNKNOWN`,
 *   `NUGET_ENTRY_NAME_REFUSED`, `NUGET_ENTRY_DUPLICATE`
 */
export async function readPackage(bytes: PackageBytes, fileName: string): Promise<readonly PackageEntry[]> {
  const malformed = (why: string, entry?: string) =>
    packageError(
      'NUGET_PACKAGE_MALFORMED',
      `The package is no ZIP file in order: ${why} Pack it again.`,
      fileName,
      entry,
    )
  const { count, offset, end } = await findDirectory(bytes, fileName, malformed)
  const directory = await bytes.read(offset, end - offset)
  const records: DirectoryRecord[] = []
  let position = 0
  while (position < directory.length) {
    const record = readDirectoryRecord(directory, position)
    if (record === undefined) throw malformed(`no entry stands at byte ${position} of the directory.`)
    records.push(record)
    position += record.bytes.length
  }
  if (records.length !== count) throw malformed(`it says ${count} entries, and has ${records.length}.`)
  const named = records.map((record) => ({ record, name: nameOf(record, fileName) }))
  requireDifferentNames(
    named.map(({ name }) => name),
    fileName,
  )
  for (const { record, name } of named) requireReadable(record, name, fileName, malformed)
  const inOrder = named.toSorted((one, other) => one.record.localOffset - other.record.localOffset)
  const entries: PackageEntry[] = []
  for (const [index, { record, name }] of inOrder.entries()) {
    const start = entries.at(-1)?.end ?? 0
    if (record.localOffset !== start)
      throw malformed(`the entry begins at byte ${record.localOffset}, where ${start} is next.`, name)
    const next = inOrder[index + 1]?.record.localOffset ?? offset
    entries.push(await readEntry(bytes, { ...record, name, start, end: next }, malformed))
  }
  if ((entries.at(-1)?.end ?? 0) !== offset)
    throw malformed('something stands between its entries and their directory.')
  return entries
}

type Malformed = (why: string, entry?: string) => ArtifactError

async function findDirectory(bytes: PackageBytes, fileName: string, malformed: Malformed) {
  const end = bytes.size - lengths.endOfDirectory
  if (end < 0) throw malformed('it is too short.')
  const record = await bytes.read(end, lengths.endOfDirectory)
  if (record.readUInt32LE(0) !== signatures.endOfDirectory)
    throw malformed('it does not end with the record of its directory, or has a comment there.')
  const [thisDisk, directoryDisk, here] = [record.readUInt16LE(4), record.readUInt16LE(6), record.readUInt16LE(8)]
  const count = record.readUInt16LE(10)
  const [size, offset] = [record.readUInt32LE(12), record.readUInt32LE(16)]
  const locator = end >= 20 ? (await bytes.read(end - 20, 4)).readUInt32LE(0) : 0
  if (count === 0xffff || size === inZip64 || offset === inZip64 || locator === signatures.zip64Locator)
    throw zip64(fileName)
  if (thisDisk !== 0 || directoryDisk !== 0 || here !== count) throw malformed('it is a part of several.')
  if (record.readUInt16LE(20) !== 0) throw malformed('its comment is cut off.')
  if (offset + size !== end) throw malformed('its directory does not stand at its end.')
  if (size > largestDirectory) throw malformed(`its directory has more than ${largestDirectory} bytes.`)
  return { count, offset, end }
}

/** The name of an entry, once it can be nothing else for any reader. */
function nameOf({ nameBytes, flags, extra }: DirectoryRecord, fileName: string): string {
  const refused = (name: string, why: string) =>
    packageError('NUGET_ENTRY_NAME_REFUSED', `An entry of the package ${why} Pack it again.`, fileName, name)
  const latin = nameBytes.toString('latin1')
  const isAscii = /^[\x20-\x7e]*$/.test(latin)
  const name = nameBytes.toString('utf8')
  if (!isAscii && ((flags & flag.utf8) === 0 || !Buffer.from(name, 'utf8').equals(nameBytes)))
    throw refused(JSON.stringify(latin), 'has a name that is neither ASCII nor said to be UTF-8.')
  if (/\p{Cc}/u.test(name)) throw refused(JSON.stringify(name), 'has control characters in its name.')
  if (extraFieldIds(extra)?.includes(extraUnicodePath) === true) throw refused(name, 'has a second name.')
  const plain = foldedName(name)
  if (plain === undefined) throw refused(name, 'has a name that is percent-encoded wrongly.')
  const segments = plain.split('/')
  const isFolder = segments.length > 1 && segments.at(-1) === ''
  if (
    (isFolder ? segments.slice(0, -1) : segments).some((segment) => ['', '.', '..'].includes(segment)) ||
    /^[a-z]:/.test(plain)
  )
    throw refused(name, 'leads out of the package, or has an empty part in its name.')
  return name
}

/** A name as the least exact reader compares it: percent-decoded (OPC part names are encoded), slashes and letters folded. */
export function foldedName(name: string): string | undefined {
  try {
    return decodeURIComponent(name).replaceAll('\\', '/').normalize('NFC').toLowerCase()
  } catch {
    return undefined
  }
}

function requireDifferentNames(names: readonly string[], fileName: string): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const folded = (foldedName(name) ?? name).replace(/\/$/, '')
    const other = seen.get(folded)
    if (other !== undefined)
      throw packageError(
        'NUGET_ENTRY_DUPLICATE',
        `Two entries of the package have one name, or names that differ in case or encoding only: «${other}» and «${name}». Pack it again with one of them.`,
        fileName,
        name,
      )
    seen.set(folded, name)
  }
}

function requireReadable(record: DirectoryRecord, name: string, fileName: string, malformed: Malformed): void {
  const { flags, method, extra, compressedSize, size, localOffset, startDisk } = record
  if ((flags & (flag.encrypted | flag.strongEncryption | flag.maskedHeader)) !== 0)
    throw packageError(
      'NUGET_ENTRY_ENCRYPTED',
      'An entry of the package is encrypted, which no NuGet package is. Pack it again.',
      fileName,
      name,
    )
  if (method !== 0 && method !== 8)
    throw packageError(
      'NUGET_COMPRESSION_UNKNOWN',
      `An entry of the package is compressed by method ${method}; NuGet reads stored (0) and deflated (8) ones. Pack it again.`,
      fileName,
      name,
    )
  const ids = extraFieldIds(extra)
  if (ids === undefined) throw malformed('its extra field is not whole.', name)
  if (ids.includes(extraZip64) || [compressedSize, size, localOffset].includes(inZip64)) throw zip64(fileName, name)
  if (startDisk !== 0) throw malformed('it begins in another file.', name)
  if (method === 0 && compressedSize !== size) throw malformed('it is stored, and yet has two sizes.', name)
}

/** Compares the local header with the directory, and finds where the entry's data begin and that nothing hides behind them. */
async function readEntry(
  bytes: PackageBytes,
  entry: Omit<PackageEntry, 'dataStart'>,
  malformed: Malformed,
): Promise<PackageEntry> {
  const { name, start, end, nameBytes, flags, method, crc32, compressedSize, size } = entry
  if (start + lengths.localHeader > end) throw malformed('its header is cut off.', name)
  const header = await bytes.read(start, lengths.localHeader)
  const [nameLength, extraLength] = [header.readUInt16LE(26), header.readUInt16LE(28)]
  const dataStart = start + lengths.localHeader + nameLength + extraLength
  const tail = end - dataStart - compressedSize
  if (header.readUInt32LE(0) !== signatures.localHeader || tail < 0) throw malformed('its header is none.', name)
  const names = await bytes.read(start + lengths.localHeader, nameLength + extraLength)
  const localIds = extraFieldIds(names.subarray(nameLength))
  const isDescribed = (flags & flag.dataDescriptor) !== 0
  const said = [header.readUInt32LE(14), header.readUInt32LE(18), header.readUInt32LE(22)]
  const meant = [crc32, compressedSize, size]
  const isSame =
    names.subarray(0, nameLength).equals(nameBytes) &&
    header.readUInt16LE(6) === flags &&
    header.readUInt16LE(8) === method &&
    said.every((value, index) => value === meant[index] || (isDescribed && value === 0)) &&
    localIds !== undefined &&
    !localIds.includes(extraZip64) &&
    !localIds.includes(extraUnicodePath)
  if (!isSame) throw malformed('its header says something else than the directory.', name)
  if (!isDescribed && tail === 0) return { ...entry, dataStart }
  const descriptor = isDescribed && (tail === 12 || tail === 16) ? await bytes.read(end - tail, tail) : Buffer.alloc(0)
  const values = [12, 8, 4].map((back) => (descriptor.length === 0 ? -1 : descriptor.readUInt32LE(tail - back)))
  const isMarked = tail !== 16 || (descriptor.length === 16 && descriptor.readUInt32LE(0) === signatures.dataDescriptor)
  if (!isMarked || values.some((value, index) => value !== meant[index]))
    throw malformed('what stands behind its data does not belong to it.', name)
  return { ...entry, dataStart }
}

function zip64(fileName: string, entry?: string): ArtifactError {
  return packageError(
    'NUGET_ZIP64_REFUSED',
    'The package is a ZIP64 file, or has an entry of that form, to which nothing is added. Pack it again with less than 65,535 entries and less than 4 GiB.',
    fileName,
    entry,
  )
}
