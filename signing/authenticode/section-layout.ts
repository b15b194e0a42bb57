import { SigningError } from '../signing-error.ts'

/** What the headers say of where an image's parts are. */
export interface SectionTable {
  /** The section table's bytes: 40 for each section. */
  readonly table: Buffer
  /** Where it begins in the file. */
  readonly offset: number
  /** SizeOfHeaders and where that field is. */
  readonly headersSize: number
  readonly headersSizeAt: number
  /** Subsystem of the optional header. */
  readonly subsystem: number
  /** Size of the file. */
  readonly size: number
}

/**
 * Whether firmware loads the image: subsystems 10 (EFI application), 11 and 12 (boot service and runtime driver), and
 * 13, which the PE specification calls EFI ROM and EDK II loads as a runtime driver. 16 (Windows boot application) is
 * loaded by Windows' own boot manager.
 */
export function isEfiSubsystem(subsystem: number): boolean {
  return subsystem >= 10 && subsystem <= 13
}

/**
 * Checks the sections' places as the loader of the image's subsystem does.
 *
 * Windows digests a file from its beginning to its end whatever its sections are, and its loader takes raw data that
 * lies in the headers, or inside another section's: only the bytes that it maps must be there. Firmware (UEFI
 * specification, EDK II) digests section by section. That gives the same only when the headers and the sections follow
 * each other without overlaps and gaps, so an EFI image with either would get a signature that firmware refuses.
 *
 * @returns where the headers and the last section end
 * @throws SigningError `PE_SECTION_OUT_OF_RANGE`; for EFI images `PE_HEADERS_OUT_OF_RANGE`, `PE_SECTION_OVERLAP`,
 * `PE_SECTION_GAP`
 */
export function checkSections(image: SectionTable): number {
  return isEfiSubsystem(image.subsystem) ? checkForFirmware(image) : checkForWindows(image)
}

const sectionHeaderSize = 40
const pageSize = 0x1000

interface Section {
  /** Where its header is. */
  readonly header: number
  readonly virtualSize: number
  /** SizeOfRawData and PointerToRawData. */
  readonly length: number
  readonly start: number
}

function readSections({ table, offset }: SectionTable): readonly Section[] {
  return Array.from({ length: table.length / sectionHeaderSize }, (_, index) => {
    const at = index * sectionHeaderSize
    return {
      header: offset + at,
      virtualSize: table.readUInt32LE(at + 8),
      length: table.readUInt32LE(at + 16),
      start: table.readUInt32LE(at + 20),
    }
  })
}

function checkForWindows(image: SectionTable): number {
  const ends = readSections(image).map((section) => {
    // Sections without a place in the file, such as .bss, have no raw data whatever else they say.
    if (section.length === 0 || section.start === 0) return 0
    // Of raw data that is longer than the section in memory, only what fits there is mapped.
    const mapped = Math.ceil(section.virtualSize / pageSize) * pageSize || section.length
    const end = section.start + Math.min(section.length, mapped)
    if (end > image.size) throw outOfRange(section, end, image.size)
    return end
  })
  return Math.max(image.offset + image.table.length, ...ends)
}

function checkForFirmware(image: SectionTable): number {
  const { headersSize, headersSizeAt, size } = image
  const tableEnd = image.offset + image.table.length
  if (headersSize < tableEnd || headersSize > size)
    throw new SigningError(
      'PE_HEADERS_OUT_OF_RANGE',
      `SizeOfHeaders at ${hex(headersSizeAt)} is ${hex(headersSize)}; in an EFI image it must lie between the end of the ` +
        `section table (${hex(tableEnd)}) and the end of the file (${hex(size)}).`,
    )
  let end = headersSize
  let before = 'the headers end'
  const sections = readSections(image).filter(({ length }) => length > 0)
  for (const section of sections.toSorted((one, other) => one.start - other.start)) {
    const sectionEnd = section.start + section.length
    if (sectionEnd > size) throw outOfRange(section, sectionEnd, size)
    if (section.start !== end)
      throw new SigningError(
        section.start < end ? 'PE_SECTION_OVERLAP' : 'PE_SECTION_GAP',
        `${placeOf(section, sectionEnd)}, but ${before} at ${hex(end)}; in an EFI image it must begin just there, since ` +
          'firmware digests section by section and would refuse the signature.',
      )
    end = sectionEnd
    before = `the section at ${hex(section.header)} ends`
  }
  return end
}

function outOfRange(section: Section, end: number, size: number): SigningError {
  return new SigningError(
    'PE_SECTION_OUT_OF_RANGE',
    `${placeOf(section, end)}, but the file ends at ${hex(size)}; was it cut off?`,
  )
}

function placeOf({ header, start }: Section, end: number): string {
  return `The section at ${hex(header)} has its raw data from ${hex(start)} to ${hex(end)}`
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
