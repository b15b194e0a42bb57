import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'

/** Which bytes of a PE image are digested page by page. Plain data: it goes to the threads that read files. */
export interface PageLayout {
  /** Bytes of a page in memory. */
  readonly pageSize: number
  /** SizeOfHeaders. */
  readonly headersSize: number
  /** Offsets of the bytes in the headers that no digest covers. */
  readonly checksumAt: number
  readonly certificateEntryAt: number
  /** The raw data of each section that has some, in the order of the section table. */
  readonly sections: readonly { readonly offset: number; readonly length: number }[]
}

/** More pages than any program has whose pages are digested, and few enough that their digests fit into a signature. */
const pageLimit = 200_000
/** IA-64, Alpha and 64-bit Alpha (PE format, "Machine Types"). */
const largePageMachines: ReadonlySet<number> = new Set([0x200, 0x184, 0x284])

/**
 * Reads where the pages of a PE image are. A page has 4096 bytes, on some machines 8192, whatever the file's SectionAlignment is.
 *
 * @param imageSize where the image ends
 * @throws SigningError `PE_PAGES_UNSUPPORTED` for an image whose pages cannot be digested one by one
 */
export async function readPageLayout(input: InputFile, imageSize: number): Promise<PageLayout> {
  const dos = await readRange(input, 0, 64)
  const peAt = dos.readUInt32LE(0x3c)
  const coff = await readRange(input, peAt, 24)
  const [machine, sectionCount, optionalSize] = [coff.readUInt16LE(4), coff.readUInt16LE(6), coff.readUInt16LE(20)]
  const optional = await readRange(input, peAt + 24, optionalSize)
  const table = await readRange(input, peAt + 24 + optionalSize, sectionCount * 40)
  const pageSize = largePageMachines.has(machine) ? 8192 : 4096
  const headersSize = optional.readUInt32LE(60)
  const checksumAt = peAt + 24 + 64
  const certificateEntryAt = peAt + 24 + (optional.readUInt16LE(0) === 0x10b ? 96 : 112) + 4 * 8
  const sections = Array.from({ length: sectionCount }, (_, index) => ({
    offset: table.readUInt32LE(index * 40 + 20),
    length: table.readUInt32LE(index * 40 + 16),
  })).filter(({ length }) => length > 0)
  const pages = sections.reduce((count, { length }) => count + Math.ceil(length / pageSize), 1)
  if (headersSize > pageSize || headersSize < certificateEntryAt + 8)
    throw unsupported(`its headers have ${headersSize} bytes; they must fit into a page of ${pageSize} bytes`)
  if (sections.some(({ offset, length }) => offset + length > imageSize))
    throw unsupported('one of its sections goes on behind the end of the image')
  if (pages > pageLimit) throw unsupported(`it has ${pages} pages; at most ${pageLimit} are digested`)
  return { pageSize, headersSize, checksumAt, certificateEntryAt, sections }
}

function unsupported(why: string): SigningError {
  return new SigningError('PE_PAGES_UNSUPPORTED', `The pages of the program cannot be digested one by one: ${why}.`)
}
