import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'

/** Where the parts of a signed file are, read anew from its bytes. */
export interface SignedLayout {
  readonly size: number
  /** Offsets of the bytes that the digest leaves out. */
  readonly checksumAt: number
  readonly certificateEntryAt: number
  /** Where the certificate table begins; the image is everything before. */
  readonly tableAt: number
  /** The CheckSum that the file states. */
  readonly checksum: number
  /** The one WIN_CERTIFICATE's content, its zero padding cut off by the caller's DER reader. */
  readonly signature: Uint8Array
}

const signatureLimit = 64 * 1024 * 1024

/**
 * Finds the signature of a PE file, sharing nothing with the code that places it there. A signed file has exactly one
 * WIN_CERTIFICATE of revision 2.0 with PKCS #7 SignedData that fills the certificate table, and the table is aligned to
 * 8 bytes and the last thing in the file.
 *
 * @throws SigningError `AUTHENTICODE_NOT_A_PE_FILE`, `AUTHENTICODE_NOT_SIGNED`, `AUTHENTICODE_TABLE_INVALID`
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
  const pe = await read(peAt, 26, 'PE header')
  const magic = pe.getUint16(24, true)
  if (
    dos.getUint16(0) !== 0x4d5a ||
    peAt % 4 !== 0 ||
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

  const table = await read(tableAt, tableSize, 'certificate table')
  const length = table.getUint32(0, true)
  // The padding may or may not be counted in dwLength.
  if (length > tableSize || tableSize - length > 7)
    throw invalidTable(`its WIN_CERTIFICATE has ${length} bytes, but the table ${tableSize}; it must fill the table`)
  if (table.getUint16(4, true) !== 0x0200 || table.getUint16(6, true) !== 0x0002)
    throw invalidTable('its WIN_CERTIFICATE must have revision 0x0200 and type 0x0002')
  return {
    size,
    checksumAt,
    certificateEntryAt,
    tableAt,
    checksum,
    // A copy: what was read may be a view of a buffer that the pass over the file uses again.
    signature: Uint8Array.from(new Uint8Array(table.buffer, table.byteOffset + 8, tableSize - 8)),
  }
}

function notSigned(): SigningError {
  return new SigningError('AUTHENTICODE_NOT_SIGNED', 'The file carries no Authenticode signature.')
}

function invalidTable(why: string): SigningError {
  return new SigningError('AUTHENTICODE_TABLE_INVALID', `The certificate table is wrong: ${why}.`)
}
