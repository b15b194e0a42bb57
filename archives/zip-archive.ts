import type { FileHandle } from 'node:fs/promises'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { ArchiveError } from './archive-error.ts'
import { type DirectoryAnswer, directoryWork } from './directory-work.ts'
import type { ArchiveLimits } from './limits.ts'
import { type ReadEntryOptions, readEntry } from './read-entry.ts'
import { writeExactly } from './whole-parts.ts'
import { positionsPerEntry, type ZipDirectory, ZipEntry } from './zip-entry.ts'

/** How archives are opened. */
export interface OpenZipOptions {
  readonly limits: ArchiveLimits
  /** Threads in which the directory is read, within limits of time and memory. */
  readonly passes: Pick<FilePasses, 'parse'>
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** An open file, which stays the caller's to close. */
export interface ArchiveFile {
  readonly handle: FileHandle
  /** Bytes. */
  readonly size: number
}

/** An archive that can be read in one way only, and the file in which it is. */
export interface ZipArchive {
  readonly file: ArchiveFile
  /** In the order of the directory. */
  readonly entries: readonly ZipEntry[]
  /** The records around the entries. */
  readonly directory: ZipDirectory
  /** Comment of the archive as a whole. */
  readonly comment: Buffer
  /**
   * The content of an entry, unpacked as it is asked for.
   *
   * @throws ArchiveError `ARCHIVE_METHOD_UNSUPPORTED`, `ARCHIVE_ENTRY_DAMAGED`, `ARCHIVE_SIZE_MISMATCH`, `ARCHIVE_CRC_MISMATCH`: with the
   *   last block at the latest, so that nothing read is to be used before the end; the signal's reason
   */
  read(entry: ZipEntry, options?: ReadEntryOptions): AsyncGenerator<Buffer, void, undefined>
  /**
   * Writes the content of an entry into a file, from its beginning on.
   *
   * @returns bytes
   * @throws as `read`; SigningError `FILE_WRITE_FAILED` (transient)
   */
  extractTo(entry: ZipEntry, output: FileHandle, options?: ReadEntryOptions): Promise<number>
}

/**
 * Opens a ZIP archive (APPNOTE.TXT 6.3.10, ZIP64 included) that all readers read the same way, and refuses all others with a code that
 * says why and a message that names the entry. The file must not change while the archive is in use.
 *
 * @throws ArchiveError `ARCHIVE_NOT_ZIP`, `ARCHIVE_TRUNCATED`, `ARCHIVE_BYTES_BEFORE`, `ARCHIVE_BYTES_BETWEEN`, `ARCHIVE_BYTES_BEHIND`,
 *   `ARCHIVE_AMBIGUOUS`, `ARCHIVE_SPLIT`, `ARCHIVE_SIZES_WRAPPED`, `ARCHIVE_MALFORMED`, `ARCHIVE_TOO_MANY_ENTRIES`,
 *   `ARCHIVE_DIRECTORY_TOO_LARGE`, `ARCHIVE_TOO_LARGE`, `ARCHIVE_RATIO_EXCEEDED`, `ARCHIVE_ENTRY_ENCRYPTED`, `ARCHIVE_NAME_REFUSED`,
 *   `ARCHIVE_NAME_DUPLICATE`, `ARCHIVE_NAME_CASE_COLLISION`, `ARCHIVE_NAME_CONFLICT`, `ARCHIVE_LINK_REFUSED`,
 *   `ARCHIVE_HEADERS_DISAGREE`, `ARCHIVE_ENTRIES_OVERLAP`, `ARCHIVE_METHOD_UNSUPPORTED` (of a symbolic link)
 * @throws SigningError `FILE_PARSE_LIMIT`, `FILE_TRUNCATED`, and `FILE_READ_FAILED` and `FILE_PASS_FAILED`, which are transient; the
 *   signal's reason
 */
export async function openZip(file: ArchiveFile, { limits, passes, signal }: OpenZipOptions): Promise<ZipArchive> {
  const order = directoryWork({ fd: file.handle.fd, size: file.size, limits })
  const answer = (await passes.parse(order, { signal })) as DirectoryAnswer
  if ('refusal' in answer) {
    const { code, message, entry } = answer.refusal
    throw new ArchiveError(code, message, { entry })
  }
  const { directory } = answer
  const records = Buffer.from(directory.records.buffer, directory.records.byteOffset, directory.records.length)
  const count = directory.positions.length / positionsPerEntry
  const entries = Array.from({ length: count }, (_, index) => new ZipEntry(index, records, directory.positions))
  return {
    ...{ file, entries, directory, comment: Buffer.from(directory.end.subarray(22)) },
    read: (entry, options) => readEntry(file.handle, entry, options),
    async extractTo(entry, output, options) {
      let written = 0
      for await (const block of readEntry(file.handle, entry, options)) {
        await writeExactly(output, block, written)
        written += block.length
      }
      return written
    },
  }
}
