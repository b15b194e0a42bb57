import type { FileHandle } from 'node:fs/promises'
import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'
import { type CertificateTable, readCertificateTable } from './certificate-table.ts'
import { checkSections, isEfiSubsystem } from './section-layout.ts'

/** A run of bytes of a file: `offset` from its beginning and `length`, both in bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** Where the parts of a PE file are that a signature concerns (Microsoft PE/COFF specification). */
export interface PeFile {
  readonly format: 'PE32' | 'PE32+'
  /** Whether firmware loads it, not Windows. */
  readonly isEfi: boolean
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
/** Room for a signature, larger than any is, so that a file which is planned can be signed. */
const signatureReserve = 1024 * 1024

const dosHeaderSize = 64
const coffHeaderSize = 24
const sectionHeaderSize = 40
const certificateDirectory = 4

/**
 * Reads the headers of a PE32 or PE32+ file and checks whatever a signature depends on: headers whole, sections where
 * the loader of the subsystem takes them, the certificate table at the very end. Reads headers only, so memory stays
 * small whatever the file's size.
 *
 * @throws SigningError with a `PE_…` code whose message names the offset and what would be right
 */
export async function readPeFile(input: InputFile): Promise<PeFile> {
  const { size } = input
  if (size > peSizeLimit - signatureReserve)
    throw new SigningError(
      'PE_TOO_LARGE',
      `The file has ${size} bytes, but the offsets of a PE file have 32 bits: with room for the signature at most ` +
        `${peSizeLimit - signatureReserve} bytes are possible.`,
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
  const subsystem = optional.readUInt16LE(68)
  checkAlignment(peOffset, subsystem)
  const sectionsEnd = checkSections({
    table: sections,
    offset: sectionsOffset,
    headersSize: optional.readUInt32LE(60),
    headersSizeAt: optionalOffset + 60,
    subsystem,
    size,
  })

  const entryOffset = directories.offset + certificateDirectory * 8
  const entry = optional.subarray(entryOffset - optionalOffset)
  const certificateTable = await readCertificateTable(input, {
    entryOffset,
    table: { offset: entry.readUInt32LE(0), length: entry.readUInt32LE(4) },
    sectionsEnd,
  })
  return {
    format: directories.format,
    isEfi: isEfiSubsystem(subsystem),
    size,
    checksumField: { offset: optionalOffset + 64, length: 4 },
    certificateEntry: { offset: entryOffset, length: 8 },
    imageSize: certificateTable === undefined ? size : certificateTable.offset,
    certificateTable,
  }
}

/**
 * Reads the headers of a PE file that is open, and nothing else of it.
 *
 * @param size of the file in bytes
 * @throws SigningError with a `PE_…` code, as {@link readPeFile}
 */
export function readPeHeaders(handle: FileHandle, size: number): Promise<PeFile> {
  return readPeFile({ handle, size, start: Buffer.alloc(0) })
}

/** The optional header up to the certificate entry must be there. */
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
  // What comes behind the certificate entry does not matter here, and loaders do not compare the two counts either.
  const needed = start + (certificateDirectory + 1) * 8
  if (optional.length < needed) throw tooSmall(needed)
  return { format, offset: offset + start }
}

/** Windows loads nothing else than multiples of 4. Firmware does, but the checksum is a sum of 16-bit words. */
function checkAlignment(peOffset: number, subsystem: number): void {
  const multiple = isEfiSubsystem(subsystem) ? 2 : 4
  if (peOffset % multiple !== 0)
    throw new SigningError(
      'PE_HEADER_MISALIGNED',
      `The PE header offset at 0x3c is ${hex(peOffset)}; it must be a multiple of ${multiple} in a file of subsystem ` +
        `${subsystem}.`,
    )
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
