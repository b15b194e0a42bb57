import type { FileHandle } from 'node:fs/promises'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import { writeExactly } from '../whole-parts.ts'
import type { ZipArchive } from '../zip-archive.ts'
import type { ZipChanges } from './changes.ts'
import { compressed, type DataBlock } from './compress.ts'
import { pieceWork } from './copy-pieces.ts'
import { endRecords } from './end-records.ts'
import { movedRecord } from './kept-record.ts'
import { isMade, type Layout, layOut, type OutputEntry } from './lay-out.ts'
import { directoryRecord, localHeader, localHeaderLength, type MadeData, type MadeEntry } from './made-entry.ts'
import { Pieces } from './pieces.ts'

/** Where a rewritten archive goes, and how the work is done. */
export interface RewriteZipOptions {
  /** An empty file, open for reading and writing; another one than the archive's. */
  readonly output: FileHandle
  /** Threads that copy what stays. */
  readonly passes: Pick<FilePasses, 'work'>
  /** Whether the SHA-256 of the output is asked for. */
  readonly hashed?: boolean
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called after every few MiB. */
  readonly onProgress?: (() => void) | undefined
}

/** An archive that was written. */
export interface RewrittenZip {
  /** Bytes. */
  readonly size: number
  /** Hexadecimal, where it was asked for. */
  readonly sha256: string | undefined
}

/**
 * Writes an archive with changes. Every entry that is not changed keeps its bytes: local header, data, descriptor, and its record in the
 * directory but for where it is. So do the bytes in front of the first entry, the comment of the archive, and the order of what stays, in
 * the file as in the directory. Without changes the output is the same file. ZIP64 records are there when they were, or when they are
 * needed. The same archive and changes always give the same bytes.
 *
 * @throws ArchiveError as `layOut` and `movedRecord`
 * @throws SigningError `FILE_TRUNCATED`; `FILE_READ_FAILED`, `FILE_WRITE_FAILED` and `FILE_PASS_FAILED`, which are transient; the signal's
 *   reason
 */
export async function rewriteZip(
  archive: ZipArchive,
  changes: ZipChanges,
  options: RewriteZipOptions,
): Promise<RewrittenZip> {
  const { output, passes, signal, onProgress } = options
  const write = (bytes: Uint8Array, position: number) => writeExactly(output, bytes, position)
  const pieces = await writeMade(archive, await layOut(archive, changes), write, options)
  const request = {
    ...{ input: archive.file.handle.fd, output: output.fd, pieces: pieces.toArray(), hashed: options.hashed === true },
  }
  const sha256 = (await passes.work(pieceWork(request), { signal, onProgress })) as string | undefined
  return { size: pieces.size, sha256 }
}

type Write = (bytes: Uint8Array, position: number) => Promise<void>

/** Writes what is made anew to its place, and answers with what goes where. */
async function writeMade(
  archive: ZipArchive,
  layout: Layout,
  write: Write,
  { signal, onProgress }: Pick<RewriteZipOptions, 'signal' | 'onProgress'>,
): Promise<Pieces> {
  const { directory, entries, file } = archive
  const pieces = new Pieces()
  if (isUnchanged(layout, entries)) {
    pieces.keep(0, file.size)
    return pieces
  }
  pieces.keep(0, directory.prefixSize)
  const offsets = new Map<OutputEntry, number>()
  const made = new Map<MadeEntry, MadeData>()
  const blocks = compressed(layout.inFile.filter(isMade), signal)
  try {
    for (const entry of layout.inFile) {
      offsets.set(entry, pieces.size)
      if (isMade(entry)) made.set(entry, await writeEntry(entry, blocks, pieces, { write, onProgress }))
      else pieces.keep(entry.start, entry.end - entry.start)
    }
  } finally {
    await blocks.return()
  }
  const offset = pieces.size
  const records = layout.inDirectory.map((entry) =>
    isMade(entry) ? directoryRecord(entry, made.get(entry) as MadeData) : recordOf(entry, offsets.get(entry) ?? 0),
  )
  const size = records.reduce((sum, { length }) => sum + length, 0)
  const end = endRecords(directory, { count: records.length, offset, size })
  const bytes = Buffer.concat([...records, end])
  await write(bytes, offset)
  pieces.make(bytes.length)
  return pieces
}

/** Takes the blocks of one entry, which come in the order of entries; its header is written behind them, once sizes are known. */
async function writeEntry(
  entry: MadeEntry,
  blocks: AsyncGenerator<DataBlock<MadeEntry>, void, undefined>,
  pieces: Pieces,
  { write, onProgress }: { readonly write: Write; readonly onProgress: (() => void) | undefined },
): Promise<MadeData> {
  const offset = pieces.size
  const headerLength = localHeaderLength(entry)
  let compressedSize = 0
  for (;;) {
    const { value: block } = await blocks.next()
    if (block?.order !== entry) throw new Error('Blocks of data come in the order of their entries.')
    await write(block.bytes, offset + headerLength + compressedSize)
    compressedSize += block.bytes.length
    onProgress?.()
    if (!block.isLast) continue
    const data = { crc32: block.crc32, compressedSize, offset }
    await write(localHeader(entry, data), offset)
    pieces.make(headerLength + compressedSize)
    return data
  }
}

/** Most stay where they are: their records are taken as they stand. */
function recordOf(entry: Exclude<OutputEntry, MadeEntry>, offset: number): Buffer {
  return offset === entry.start ? entry.record : movedRecord(entry, offset)
}

function isUnchanged({ inDirectory }: Layout, entries: readonly OutputEntry[]): boolean {
  return inDirectory.length === entries.length && inDirectory.every((entry, index) => entry === entries[index])
}
