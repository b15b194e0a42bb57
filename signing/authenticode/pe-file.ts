import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'
import { type CertificateTable, readCertificateTable } from './certificate-table.ts'

/** A run of bytes of a file: `offset` from its beginning and `length`, both in bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** Where the parts of a PE file are that a signature concerns (Microsoft PE/COFF specification). */
export interface PeFile {
  readonly format: 'PE32' | 'PE32+'
  /** Size of the file in bytes. */
  readonly size: number
  /** The CheckSum field of the optional header. */
  readonly checksumField: ByteRange
  /** Entry 4 of the data directories, which names the certificate table. */
  readonly certificateEntry: ByteRange
  /** Where the image ends: the certificate table's beginning, or the end of a file without one. */
  readonly imageSize: number
  /** What signatures the file carries; `undefined` when none. */
  readonly certificateTable: CertificateTable | undefined
}

/** PE offsets have 32 bits. */
export const peSizeLimit = 0xffffffff

const dosHeaderSize = 64
const coffHeaderSize = 24
const sectionHeaderSize = 40
const certificateDirectory = 4

/**
 * Reads the headers of a PE32 or PE32+ file and checks whatever a signature depends on: headers whole, sections inside
 * the file and apart from each other, the certificate table at the very end. Reads headers only, so memory stays small
 * whatever the file's size.
 *
 * @throws SigningError with a `PE_…` code whose message names the offset and what would be right
 */
export async function readPeFile(input: InputFile): Promise<PeFile> {
  const { size } = input
  if (size > peSizeLimit)
    throw new SigningError(
      'PE_TOO_LARGE',
      `The file has ${size} bytes, but the offsets of a PE file have 32 bits: at most ${peSizeLimit} bytes are possible.`,
    )
  const readHeader = async (offset: number, length: number, what: string): Promise<Buffer> => {
    if (offset + length > size)
      throw new SigningError(
        'PE_TRUNCATED',
        `The ${what} takes the bytes from ${hex(offset)} to ${hex(offset + length)}, but the file ends at ${hex(size)}.`,
      )
    return readRange(input, offset, length)
  }

  const dos = await readHeader(0, dosHeaderSize, 'DOS header')
  if (dos.toString('latin1', 0, 2) !== 'MZ')
    throw new SigningError('PE_NOT_A_PE_FILE', 'A PE file begins with "MZ" at offset 0x0; this one does not.')
  const peOffset = dos.readUInt32LE(0x3c)
  if (peOffset < dosHeaderSize)
    throw new SigningError(
      'PE_HEADER_OVERLAP',
      `The PE header offset at 0x3c is ${hex(peOffset)}, inside the DOS header; it must be 0x40 or above.`,
    )
  if (peOffset % 4 !== 0)
    throw new SigningError(
      'PE_HEADER_MISALIGNED',
      `The PE header offset at 0x3c is ${hex(peOffset)}; Windows loads nothing but multiples of 4.`,
    )
  const coff = await readHeader(peOffset, coffHeaderSize, 'COFF header')
  if (coff.toString('latin1', 0, 4) !== 'PE\0\0')
    throw new SigningError('PE_NOT_A_PE_FILE', `The bytes at ${hex(peOffset)} must be "PE", 0, 0; they are not.`)
  const sectionCount = coff.readUInt16LE(6)
  const optionalSize = coff.readUInt16LE(20)
  const optionalOffset = peOffset + coffHeaderSize
  const optional = await readHeader(optionalOffset, optionalSize, 'optional header')
  const directories = findDirectories(optional, optionalOffset)

  const sectionsOffset = optionalOffset + optionalSize
  const sections = await readHeader(
    sectionsOffset,
    sectionCount * sectionHeaderSize,
    `section table of ${sectionCount} entries`,
  )
  const headersSize = optional.readUInt32LE(60)
  const headersEnd = sectionsOffset + sections.length
  if (headersSize < headersEnd || headersSize > size)
    throw new SigningError(
      'PE_HEADERS_OUT_OF_RANGE',
      `SizeOfHeaders at ${hex(optionalOffset + 60)} is ${hex(headersSize)}; it must lie between the end of the section ` +
        `table (${hex(headersEnd)}) and the end of the file (${hex(size)}).`,
    )
  const sectionsEnd = checkSections(sections, sectionsOffset, headersSize, size)

  const entryOffset = directories.offset + certificateDirectory * 8
  const entry = optional.subarray(entryOffset - optionalOffset)
  const certificateTable = await readCertificateTable(input, {
    entryOffset,
    table: { offset: entry.readUInt32LE(0), length: entry.readUInt32LE(4) },
    sectionsEnd,
  })
  return {
    format: directories.format,
    size,
    checksumField: { offset: optionalOffset + 64, length: 4 },
    certificateEntry: { offset: entryOffset, length: 8 },
    imageSize: certificateTable === undefined ? size : certificateTable.offset,
    certificateTable,
  }
}

/** The optional header up to the certificate entry must be there; entries above 16 mean nothing (PE specification). */
function findDirectories(optional: Buffer, offset: number): { format: PeFile['format']; offset: number } {
  const tooSmall = (needed: number) =>
    new SigningError(
      'PE_OPTIONAL_HEADER_TOO_SMALL',
      `The optional header at ${hex(offset)} has ${optional.length} bytes; it must have at least ${needed}.`,
    )
  if (optional.length < 2) throw tooSmall(2)
  const magic = optional.readUInt16LE(0)
  if (magic !== 0x10b && magic !== 0x20b)
    throw new SigningError(
      'PE_FORMAT_UNSUPPORTED',
      `The magic of the optional header at ${hex(offset)} is ${hex(magic)}; it must be 0x10b (PE32) or 0x20b (PE32+).`,
    )
  const format = magic === 0x10b ? 'PE32' : 'PE32+'
  const start = format === 'PE32' ? 96 : 112
  if (optional.length < start) throw tooSmall(start)
  const count = optional.readUInt32LE(start - 4)
  if (count <= certificateDirectory)
    throw new SigningError(
      'PE_NO_CERTIFICATE_DIRECTORY',
      `NumberOfRvaAndSizes at ${hex(offset + start - 4)} is ${count}; a file that can carry a signature has at least 5 ` +
        'data directories.',
    )
  const needed = start + Math.min(count, 16) * 8
  if (optional.length < needed) throw tooSmall(needed)
  return { format, offset: offset + start }
}

/** Raw data of the sections must lie behind the headers, inside the file and apart; answers where the last one ends. */
function checkSections(table: Buffer, tableOffset: number, headersSize: number, size: number): number {
  const sections: { readonly header: number; readonly start: number; readonly end: number }[] = []
  for (let at = 0; at < table.length; at += sectionHeaderSize) {
    const length = table.readUInt32LE(at + 16)
    const start = table.readUInt32LE(at + 20)
    // Sections without a place in the file, such as .bss, have no raw data whatever else they say.
    if (length > 0 && start > 0) sections.push({ header: tableOffset + at, start, end: start + length })
  }
  let end = headersSize
  let before = 'the headers end'
  for (const section of sections.toSorted((one, other) => one.start - other.start)) {
    const place = `The section at ${hex(section.header)} has its raw data from ${hex(section.start)} to ${hex(section.end)}`
    if (section.end > size)
      throw new SigningError('PE_SECTION_OUT_OF_RANGE', `${place}, but the file ends at ${hex(size)}.`)
    if (section.start < end)
      throw new SigningError(
        'PE_SECTION_OVERLAP',
        `${place}, but ${before} at ${hex(end)}; it must begin there or later.`,
      )
    end = section.end
    before = `the section at ${hex(section.header)} ends`
  }
  return end
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
