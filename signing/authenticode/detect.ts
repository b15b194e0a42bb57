import type { Detection, FileParts } from '../signature-format.ts'

const dosHeaderSize = 64
/** e_lfarlc */
const relocationTableField = 0x18

/**
 * Says whether a file is a PE file. One that begins as a PE file does and ends before its PE header is taken for a damaged
 * one, so that the reader of PE files says what it lacks.
 */
export async function detectPe(file: FileParts): Promise<Detection> {
  const dosHeader = await file.readPart(0, dosHeaderSize)
  if (dosHeader.length < 2 || dosHeader.toString('latin1', 0, 2) !== 'MZ') return 'foreign'
  if (await hasPeHeader(file, dosHeader)) return 'recognized'
  return { unsupported: 'is a program for DOS, 16-bit Windows or OS/2, which cannot carry a signature' }
}

/** Whether the DOS header of a program leads to a PE header, or would if the file were not cut off. */
async function hasPeHeader(file: FileParts, dosHeader: Buffer): Promise<boolean> {
  if (dosHeader.length < dosHeaderSize) return announcesHeader(dosHeader)
  const peOffset = dosHeader.readUInt32LE(0x3c)
  const signature = await file.readPart(peOffset, 4)
  // Old programs have another signature there, and programs for DOS alone have anything at 0x3c, even code.
  return signature.length < 4 ? announcesHeader(dosHeader) : signature.toString('latin1') === 'PE\0\0'
}

/** Linkers place the DOS program's relocation table right behind its header when a later header follows. */
function announcesHeader(dosHeader: Buffer): boolean {
  return dosHeader.length >= relocationTableField + 2 && dosHeader.readUInt16LE(relocationTableField) === dosHeaderSize
}
