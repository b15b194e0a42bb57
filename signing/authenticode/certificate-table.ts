import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'

/** One WIN_CERTIFICATE of a file. */
export interface CertificateTableEntry {
  /** Where its content (`bCertificate`) begins in the file, and how many bytes it has. */
  readonly offset: number
  readonly length: number
  /** `wRevision` and `wCertificateType`. */
  readonly revision: number
  readonly type: number
}

/** The attribute certificate table: the last bytes of the file. */
export interface CertificateTable {
  readonly offset: number
  readonly length: number
  /** Whether it begins at a multiple of 8, as the specification asks; only then can it stay where it is. */
  readonly aligned: boolean
  readonly entries: readonly CertificateTableEntry[]
}

/** `wRevision` WIN_CERT_REVISION_2_0. */
export const certificateRevision = 0x0200
/** `wCertificateType` WIN_CERT_TYPE_PKCS_SIGNED_DATA. */
export const pkcsSignedData = 0x0002

const entryHeaderSize = 8
const entryLimit = 64

/** What the headers say of the table. */
interface CertificateTableClaim {
  /** Where data directory 4 is. */
  readonly entryOffset: number
  /** What it says: an offset in the file (not an address) and a size. */
  readonly table: { readonly offset: number; readonly length: number }
  /** Where the raw data of the last section ends. */
  readonly sectionsEnd: number
}

/**
 * Checks what a PE file says of its certificate table and walks its entries, reading their headers only. A table that
 * is not aligned to 8 bytes, or does not fill them up, is taken: whoever signs writes a new one.
 *
 * @returns `undefined` when the file has no table
 * @throws SigningError `PE_CERTIFICATE_TABLE_MALFORMED`, `PE_CERTIFICATE_TABLE_OUT_OF_RANGE`,
 * `PE_CERTIFICATE_TABLE_OVERLAP`, `PE_BYTES_BEHIND_CERTIFICATE_TABLE`
 */
export async function readCertificateTable(
  file: InputFile,
  claim: CertificateTableClaim,
): Promise<CertificateTable | undefined> {
  const { size } = file
  const { table } = claim
  const said = `The certificate table entry at ${hex(claim.entryOffset)} says ${hex(table.offset)}, ${table.length} bytes`
  if (table.offset === 0 && table.length === 0) return undefined
  if (table.offset === 0 || table.length === 0)
    throw new SigningError('PE_CERTIFICATE_TABLE_MALFORMED', `${said}; offset and size must both be zero or neither.`)
  const end = table.offset + table.length
  if (end > size)
    throw new SigningError('PE_CERTIFICATE_TABLE_OUT_OF_RANGE', `${said}, but the file ends at ${hex(size)}.`)
  if (table.offset < claim.sectionsEnd)
    throw new SigningError(
      'PE_CERTIFICATE_TABLE_OVERLAP',
      `${said}, but headers and sections reach to ${hex(claim.sectionsEnd)}; the table must come after them. If the ` +
        'file was changed after it was signed, remove its signature first, change it then.',
    )
  if (end < size)
    throw new SigningError(
      'PE_BYTES_BEHIND_CERTIFICATE_TABLE',
      `${said}, but the file goes on to ${hex(size)}; the table must be its last bytes. If something was added ` +
        'after the file was signed, remove its signature first, add it then.',
    )
  return { ...table, aligned: table.offset % 8 === 0, entries: await readEntries(file, table.offset, end) }
}

async function readEntries(file: InputFile, start: number, end: number): Promise<readonly CertificateTableEntry[]> {
  const entries: CertificateTableEntry[] = []
  for (let at = start; at < end; ) {
    if (entries.length === entryLimit)
      throw new SigningError(
        'PE_CERTIFICATE_TABLE_MALFORMED',
        `The certificate table at ${hex(start)} has more than ${entryLimit} entries.`,
      )
    if (end - at < entryHeaderSize)
      throw new SigningError(
        'PE_CERTIFICATE_TABLE_MALFORMED',
        `The certificate table has ${end - at} bytes left at ${hex(at)}; a WIN_CERTIFICATE has at least 8.`,
      )
    const header = await readRange(file, at, entryHeaderSize)
    const length = header.readUInt32LE(0)
    if (length < entryHeaderSize || at + length > end)
      throw new SigningError(
        'PE_CERTIFICATE_TABLE_MALFORMED',
        `The WIN_CERTIFICATE at ${hex(at)} says ${length} bytes; it must have at least 8 and end by ${hex(end)}.`,
      )
    entries.push({
      offset: at + entryHeaderSize,
      length: length - entryHeaderSize,
      revision: header.readUInt16LE(4),
      type: header.readUInt16LE(6),
    })
    at += Math.ceil(length / 8) * 8
  }
  return entries
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
