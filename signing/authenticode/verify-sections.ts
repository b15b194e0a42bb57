import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'

/** Where the headers of an image are, as the verifier found them. */
export interface ImageHeaders {
  /** Where the optional header ends and the section table begins. */
  readonly optionalEnd: number
  readonly sectionCount: number
  readonly sizeOfHeaders: number
  /** Where the image ends: the beginning of the certificate table. */
  readonly imageEnd: number
}

/** Applications, boot service drivers, runtime drivers, and 13, which firmware loads as a runtime driver as well. */
export const efiSubsystems: ReadonlySet<number> = new Set([10, 11, 12, 13])

/**
 * Checks that firmware computes the digest that Windows does. It takes the headers, each section in the order of their
 * places, and then whatever lies behind as many bytes as these have together (UEFI specification; EDK II, HashPeImage).
 * That is the file in its order only when each section begins where that count stands.
 *
 * @throws SigningError `AUTHENTICODE_EFI_LAYOUT_INVALID`
 */
export async function assertFirmwareDigests(file: InputFile, headers: ImageHeaders): Promise<void> {
  const { optionalEnd, sectionCount, sizeOfHeaders, imageEnd } = headers
  const tableEnd = optionalEnd + sectionCount * 40
  if (tableEnd > imageEnd || sizeOfHeaders < tableEnd || sizeOfHeaders > imageEnd)
    throw invalid(
      `SizeOfHeaders is ${sizeOfHeaders}, the section table ends at ${tableEnd} and the image at ${imageEnd}`,
    )
  const places = (await readSections(file, headers)).filter(({ length }) => length > 0)
  places.sort((one, other) => one.start - other.start)
  let digested = sizeOfHeaders
  for (const { start, length } of places) {
    if (start !== digested) throw invalid(`a section begins at ${start}, but the bytes before it end at ${digested}`)
    digested += length
  }
  if (digested > imageEnd) throw invalid(`the sections end at ${digested}, but the image at ${imageEnd}`)
}

/**
 * Checks that Windows maps nothing of the certificate table, whose bytes no digest covers. Of a section it maps as much
 * as fits into the section's pages in memory.
 *
 * @throws SigningError `AUTHENTICODE_TABLE_INVALID`
 */
export async function assertTableIsNotMapped(file: InputFile, headers: ImageHeaders): Promise<void> {
  if (headers.optionalEnd + headers.sectionCount * 40 > headers.imageEnd)
    throw new SigningError('AUTHENTICODE_TABLE_INVALID', 'The certificate table begins inside the section table.')
  for (const { start, length, virtualSize } of await readSections(file, headers)) {
    const pages = Math.ceil((virtualSize || length) / 0x1000)
    const mapped = Math.min(length, pages * 0x1000)
    if (start > 0 && mapped > 0 && start + mapped > headers.imageEnd)
      throw new SigningError(
        'AUTHENTICODE_TABLE_INVALID',
        `A section reaches to ${start + mapped}, into the certificate table at ${headers.imageEnd}, which nothing signs.`,
      )
  }
}

interface SectionPlace {
  readonly virtualSize: number
  readonly length: number
  readonly start: number
}

async function readSections(file: InputFile, headers: ImageHeaders): Promise<SectionPlace[]> {
  const table = await readRange(file, headers.optionalEnd, headers.sectionCount * 40)
  const places: SectionPlace[] = []
  for (let at = 8; at < table.length; at += 40)
    places.push({
      virtualSize: table.readUInt32LE(at),
      length: table.readUInt32LE(at + 8),
      start: table.readUInt32LE(at + 12),
    })
  return places
}

function invalid(why: string): SigningError {
  return new SigningError(
    'AUTHENTICODE_EFI_LAYOUT_INVALID',
    `Firmware would compute another digest of this EFI image than its signature has: ${why}.`,
  )
}
