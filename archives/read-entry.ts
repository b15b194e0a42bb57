import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { entryError } from './archive-error.ts'
import { inflateWholeAsync } from './inflate.ts'
import { readExactly } from './whole-parts.ts'
import { method, type ZipEntry } from './zip-entry.ts'

/** How the reading of an entry is called off. */
export interface ReadEntryOptions {
  /** Ends the reading with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const blockSize = 256 * 1024
/** Up to here an entry is unpacked at once, which takes less than the parts of a stream. */
const atOnce = 1024 * 1024

/**
 * The content of an entry. It has as many bytes as the directory says, at any time no more, its data are used to the last byte,
 * and the checksum is its own.
 *
 * @throws ArchiveError `ARCHIVE_METHOD_UNSUPPORTED`, `ARCHIVE_ENTRY_DAMAGED`, `ARCHIVE_SIZE_MISMATCH`, `ARCHIVE_CRC_MISMATCH`; the
 *   signal's reason
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient)
 */
export async function* readEntry(
  handle: FileHandle,
  entry: ZipEntry,
  options: ReadEntryOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  let [sum, read] = [0, 0]
  for await (const block of contentOf(handle, entry, options)) {
    read += block.length
    if (read > entry.size) throw sizeMismatch(entry)
    sum = crc32(block, sum)
    // What comes last is held back until all of it is known to be right.
    if (read === entry.size && sum !== entry.crc32)
      throw entryError('ARCHIVE_CRC_MISMATCH', entry.name, 'has other content than its checksum says. Pack it again.')
    yield block
  }
  if (read < entry.size) throw sizeMismatch(entry)
  if (entry.size === 0 && entry.crc32 !== 0)
    throw entryError('ARCHIVE_CRC_MISMATCH', entry.name, 'has other content than its checksum says. Pack it again.')
}

function contentOf(handle: FileHandle, entry: ZipEntry, options: ReadEntryOptions): AsyncIterable<Buffer> {
  switch (entry.method) {
    case method.stored:
      return storedBytes(handle, entry, options)
    case method.deflated:
      return entry.compressedSize <= atOnce && entry.size <= atOnce
        ? inflatedAtOnce(handle, entry, options)
        : inflated(handle, entry, options)
    default:
      throw entryError(
        'ARCHIVE_METHOD_UNSUPPORTED',
        entry.name,
        `is compressed by method ${entry.method}; only stored (0) and deflated (8) entries can be read. Pack it again by one of these.`,
      )
  }
}

/** Its data as they are in the archive. */
async function* storedBytes(
  handle: FileHandle,
  { dataStart, compressedSize }: ZipEntry,
  { signal }: ReadEntryOptions,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < compressedSize; ) {
    signal?.throwIfAborted()
    const block = await readExactly(handle, dataStart + at, Math.min(blockSize, compressedSize - at))
    yield block
    at += block.length
  }
}

async function* inflatedAtOnce(
  handle: FileHandle,
  entry: ZipEntry,
  options: ReadEntryOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const data: Buffer[] = []
  for await (const block of storedBytes(handle, entry, options)) data.push(block)
  const [only] = data
  const content = await inflateWholeAsync(
    only !== undefined && data.length === 1 ? only : Buffer.concat(data),
    entry.size,
  )
  if (typeof content === 'string') throw content === 'size' ? sizeMismatch(entry) : damaged(entry)
  if (content.length > 0) yield content
}

async function* inflated(
  handle: FileHandle,
  entry: ZipEntry,
  options: ReadEntryOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const inflate = createInflateRaw({ chunkSize: blockSize })
  const source = Readable.from(storedBytes(handle, entry, options), { objectMode: false, highWaterMark: blockSize })
  source.on('error', (error) => inflate.destroy(error))
  source.pipe(inflate)
  try {
    for await (const block of inflate) yield block as Buffer
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw damaged(entry, error)
    throw error
  } finally {
    source.destroy()
    inflate.destroy()
  }
  // Behind the end of the stream zlib stops without a word.
  if (inflate.bytesWritten !== entry.compressedSize) throw damaged(entry)
}

function damaged(entry: ZipEntry, cause?: unknown) {
  const sentence = 'has data that are not one whole deflate stream. Pack it again.'
  return entryError('ARCHIVE_ENTRY_DAMAGED', entry.name, sentence, cause)
}

function sizeMismatch(entry: ZipEntry) {
  return entryError(
    'ARCHIVE_SIZE_MISMATCH',
    entry.name,
    `has not the ${entry.size} bytes of content that the directory says. Pack it again; if it came out of the archive utility of macOS and has more than 4 GiB, with another program.`,
  )
}
