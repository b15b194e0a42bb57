import { DerReader } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'
import type { SignedImage } from './verify-image.ts'
import { assertFirmwareDigests, assertTableIsNotMapped, efiSubsystems } from './verify-sections.ts'

/** Where the parts of a signed file are, read anew from its bytes. */
export interface SignedLayout {
  readonly image: SignedImage
  /** The signatures, each a ContentInfo without the zeros that follow it; one, of EFI images one or more. */
  readonly signatures: readonly Uint8Array[]
}

const signatureLimit = 64 * 1024 * 1024
/** More is nothing that anybody signs, and bounds what hostile input costs. */
const entryLimit = 16

/**
 * Finds the signature of a PE file, sharing nothing with the code that places it there. A signed file has exactly one
 * WIN_CERTIFICATE of revision 2.0 with PKCS #7 SignedData that fills the certificate table up to the zeros that its
 * alignment needs, and the table is aligned to 8 bytes and the last thing in the file. Of EFI images firmware reads every
 * WIN_CERTIFICATE of the table, so they may have several.
 *
 * @throws SigningError `AUTHENTICODE_NOT_A_PE_FILE`, `AUTHENTICODE_NOT_SIGNED`, `AUTHENTICODE_TABLE_INVALID`,
 * `AUTHENTICODE_UNSIGNED_CONTENT`, `AUTHENTICODE_MALFORMED`, and for EFI images `AUTHENTICODE_EFI_LAYOUT_INVALID`
 */
export async function readSignedLayout(file: InputFile): Promise<SignedLayout> {
  const { size } = file
  const read = async (offset: number, length: number, what: string): Promise<DataView> => {
    if (offset + length > size)
      throw new SigningError('AUTHENTICODE_NOT_A_PE_FILE', `The file ends before its ${what} (offset ${offset}).`)
    const bytes = await readRange(file, offset, length)
    return new DataView(bytes.buffer, bytes.byteOffset, length)
  }
  const dos = await read(0, 64, 'DOS header')
  const peAt = dos.getUint32(60, true)
  const pe = await read(peAt, 24 + 70, 'PE header')
  const magic = pe.getUint16(24, true)
  const isEfi = efiSubsystems.has(pe.getUint16(24 + 68, true))
  if (
    dos.getUint16(0) !== 0x4d5a ||
    peAt < 64 ||
    peAt % (isEfi ? 2 : 4) !== 0 ||
    pe.getUint32(0) !== 0x50450000 ||
    (magic !== 0x10b && magic !== 0x20b)
  )
    throw new SigningError('AUTHENTICODE_NOT_A_PE_FILE', 'The file is neither PE32 nor PE32+.')

  const directoriesAt = peAt + 24 + (magic === 0x10b ? 96 : 112)
  const optionalEnd = peAt + 24 + pe.getUint16(20, true)
  const count = (await read(directoriesAt - 4, 4, 'data directory count')).getUint32(0, true)
  if (count < 5 || directoriesAt + 40 > optionalEnd) throw notSigned()
  const checksumAt = peAt + 24 + 64
  const certificateEntryAt = directoriesAt + 32
  const checksum = (await read(checksumAt, 4, 'checksum')).getUint32(0, true)
  const entry = await read(certificateEntryAt, 8, 'certificate table entry')
  const tableAt = entry.getUint32(0, true)
  const tableSize = entry.getUint32(4, true)
  if (tableAt === 0 && tableSize === 0) throw notSigned()
  if (tableAt % 8 !== 0 || tableSize % 8 !== 0 || tableSize < 16)
    throw invalidTable(`it is at ${tableAt} with ${tableSize} bytes, but both must be multiples of 8`)
  if (tableAt < optionalEnd) throw invalidTable(`it begins at ${tableAt}, inside the headers`)
  if (tableAt + tableSize !== size)
    throw invalidTable(`it ends at ${tableAt + tableSize}, but the file at ${size}; nothing may come behind it`)
  if (tableSize > signatureLimit) throw invalidTable(`it has more than ${signatureLimit} bytes`)

  const headers = {
    optionalEnd,
    sectionCount: pe.getUint16(6, true),
    sizeOfHeaders: pe.getUint32(24 + 60, true),
    imageEnd: tableAt,
  }
  await (isEfi ? assertFirmwareDigests(file, headers) : assertTableIsNotMapped(file, headers))

  return {
    image: { size, checksumAt, certificateEntryAt, tableAt, checksum },
    signatures: takeSignatures(await readRange(file, tableAt, tableSize), isEfi),
  }
}

/** The signatures that fill a certificate table. */
function takeSignatures(table: Buffer, several: boolean): readonly Uint8Array[] {
  const signatures: Uint8Array[] = []
  for (let at = 0; at < table.length; ) {
    if (signatures.length === entryLimit) throw invalidTable(`it has more than ${entryLimit} WIN_CERTIFICATEs`)
    const length = table.readUInt32LE(at)
    // The zeros that align the table may or may not be counted in dwLength; the signature must be.
    const end = at + Math.ceil(length / 8) * 8
    if (length < 8 || end > table.length || (end < table.length && !several))
      throw invalidTable(
        `its WIN_CERTIFICATE at ${at} has ${length} bytes, but the table ${table.length}; it must fill the table`,
      )
    if (table.readUInt16LE(at + 4) !== 0x0200 || table.readUInt16LE(at + 6) !== 0x0002)
      throw invalidTable('a WIN_CERTIFICATE must have revision 0x0200 and type 0x0002')
    // A copy: what was read may be a view of a buffer that the pass over the file uses again.
    signatures.push(Uint8Array.from(takeSignature(table, at, length)))
    at = end
  }
  return signatures
}

/** The signature in the WIN_CERTIFICATE at `at`, which has `length` bytes and zeros up to a multiple of 8. */
function takeSignature(table: Buffer, at: number, length: number): Uint8Array {
  const reader = new DerReader(table.subarray(at + 8), 'AUTHENTICODE_MALFORMED')
  const signature = reader.take(0x30, 'the signature').encoded
  if (length < 8 + signature.length)
    throw invalidTable(`its WIN_CERTIFICATE has ${length} bytes, but its signature needs ${8 + signature.length}`)
  const behind = table.subarray(at + 8 + signature.length, at + Math.ceil(length / 8) * 8)
  if (behind.length > 7 || behind.some((octet) => octet !== 0))
    throw new SigningError(
      'AUTHENTICODE_UNSIGNED_CONTENT',
      `The signature is followed by ${behind.length} bytes that are not covered by it; only the zeros that align the ` +
        'table to 8 bytes are allowed.',
    )
  return signature
}

function notSigned(): SigningError {
  return new SigningError('AUTHENTICODE_NOT_SIGNED', 'The file carries no Authenticode signature.')
}

function invalidTable(why: string): SigningError {
  return new SigningError('AUTHENTICODE_TABLE_INVALID', `The certificate table is wrong: ${why}.`)
}
