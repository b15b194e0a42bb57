import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { SigningError } from '../signing-error.ts'
import { signaturePath } from './open-package.ts'
import { endRecord, type UnsignedPackage } from './unsigned-package.ts'

/** What an archive that is no ZIP64 one can hold. */
const mostEntries = 0xfffe
const mostBytes = 0xfffffffe

/**
 * Puts a signature into the file of a package, as the last entry, in the place of the one that is there, if one is: stored, without extra
 * fields. When this fails, the file is in no state to be used.
 *
 * @param time of the entry
 * @throws SigningError `NUGET_ZIP64`
 */
export async function writeSignature(
  handle: FileHandle,
  unsigned: UnsignedPackage,
  signature: Uint8Array,
  time: Date,
): Promise<void> {
  const { entries, entriesSize, count, directory, end } = unsigned
  const { local, record } = signatureEntry(signature, entriesSize, time)
  const size = entriesSize + local.length + signature.length + directory.length + record.length + end.length
  if (count + 1 > mostEntries || size > mostBytes)
    throw new SigningError(
      'NUGET_ZIP64',
      'With its signature the package would be a ZIP64 archive, which NuGet takes no signatures of. Make it smaller: 65,534 files and 4 GiB at most.',
    )
  let at = 0
  for (const range of entries) {
    // What lies behind a signature that was not the last entry moves to its place.
    if (range.start !== at) await moveTo(handle, range, at)
    at += range.end - range.start
  }
  const directoryOffset = entriesSize + local.length + signature.length
  const records = Buffer.concat([directory, record])
  await handle.truncate(entriesSize)
  const tail = [local, signature, records, endRecord(end, count + 1, records.length, directoryOffset)]
  await writeAll(handle, Buffer.concat(tail), entriesSize)
}

async function moveTo(
  handle: FileHandle,
  { start, end }: { readonly start: number; readonly end: number },
  to: number,
): Promise<void> {
  const block = Buffer.alloc(1024 * 1024)
  for (let moved = 0; moved < end - start; ) {
    const { bytesRead } = await handle.read(block, 0, Math.min(block.length, end - start - moved), start + moved)
    if (bytesRead === 0) throw new SigningError('FILE_TRUNCATED', 'The package ended while it was read.')
    await writeAll(handle, block.subarray(0, bytesRead), to + moved)
    moved += bytesRead
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length; )
    written += (await handle.write(bytes, written, bytes.length - written, offset + written)).bytesWritten
}

/** Its local header and its record of the directory (APPNOTE.TXT 6.3.10 §4.3.7 and §4.3.12), as NuGet's own client writes them. */
function signatureEntry(content: Uint8Array, localOffset: number, time: Date) {
  const name = Buffer.from(signaturePath)
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt32LE(dosTime(time), 6)
  common.writeUInt32LE(crc32(content), 10)
  common.writeUInt32LE(content.length, 14)
  common.writeUInt32LE(content.length, 18)
  common.writeUInt16LE(name.length, 22)
  const tail = Buffer.alloc(14)
  tail.writeUInt32LE(localOffset, 10)
  return {
    local: Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name]),
    record: Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, name]),
  }
}

/** Time and date of MS-DOS, in UTC (§4.4.6). */
function dosTime(time: Date): number {
  const date = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate()
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1)
  return ((date << 16) | clock) >>> 0
}
