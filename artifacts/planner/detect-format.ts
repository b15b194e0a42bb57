import type { PlannedFile } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { PlannedInput } from './read-artifact.ts'

/** A file format that can be signed. */
export type SignableFormat = PlannedFile['format']

/** Bytes that can be read in parts. */
type ReadableFile = Pick<PlannedInput, 'size' | 'readPart'>

const supported = 'Windows programs and libraries (PE: exe, dll, sys, efi …)'
const dosHeaderSize = 64
/** e_lfarlc */
const relocationTableField = 0x18

/**
 * Says what a file is by its bytes; its name says nothing, for whoever submits chooses it. A file that begins as a PE
 * file does and ends before its PE header is taken for a damaged one, so that the reader of PE files says what it lacks.
 *
 * @throws ArtifactError `FORMAT_NOT_SUPPORTED`
 */
export async function detectFormat(file: ReadableFile, path: string): Promise<SignableFormat> {
  const dosHeader = await file.readPart(0, dosHeaderSize)
  const isProgram = dosHeader.length >= 2 && dosHeader.toString('latin1', 0, 2) === 'MZ'
  if (isProgram && (await hasPeHeader(file, dosHeader))) return 'pe'
  const seen =
    file.size === 0
      ? 'is empty'
      : isProgram
        ? 'is a program for DOS, 16-bit Windows or OS/2, which cannot carry a signature'
        : 'has a format that cannot be signed'
  throw new ArtifactError('FORMAT_NOT_SUPPORTED', `${path} ${seen}. What can be signed: ${supported}.`, { path })
}

/** Whether the DOS header of a program leads to a PE header, or would if the file were not cut off. */
async function hasPeHeader(file: ReadableFile, dosHeader: Buffer): Promise<boolean> {
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
