import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { ArchiveError } from '../../archives/index.ts'
import { type DoFileWork, fillBlocking, type PassControl } from '../../signing/file-passes/index.ts'

/** An entry of an archive whose content is read, and where a copy of it goes. */
export type EntryToUnpack = {
  /** For messages. */
  readonly name: string
  readonly dataStart: number
  readonly compressedSize: number
  readonly size: number
  readonly method: number
  readonly crc32: number
  /** A path where nothing is yet; `null` when nobody needs the content. */
  readonly output: string | null
}

/** Entries of one archive that are read one after the other. */
export type UnpackOrder = {
  /** File descriptor of the archive. */
  readonly input: number
  readonly entries: readonly EntryToUnpack[]
}

/** What an entry's content is. */
export type UnpackedEntry = {
  /** Hexadecimal. */
  readonly sha256: string
  /** Its first bytes, eight at the most, hexadecimal. */
  readonly start: string
}

/** Content up to this size is unpacked by one call. */
const smallSize = 8 * 1024 * 1024
const blockSize = 256 * 1024

/**
 * Reads entries of an archive: unpacks them, checks size and checksum, digests the content, and writes copies of it where these are asked
 * for. In a thread, since archives have many entries and each would wait several times for others.
 *
 * @throws ArchiveError `ARCHIVE_ENTRY_DAMAGED`, `ARCHIVE_SIZE_MISMATCH`, `ARCHIVE_CRC_MISMATCH`, `ARCHIVE_METHOD_UNSUPPORTED`
 */
export const doFileWork: DoFileWork<UnpackOrder, readonly UnpackedEntry[]> = async ({ input, entries }, control) => {
  const unpacked: UnpackedEntry[] = []
  for (const entry of entries) {
    control.throwIfCancelled()
    unpacked.push(await unpack(input, entry, control))
  }
  return unpacked
}

async function unpack(input: number, entry: EntryToUnpack, control: PassControl): Promise<UnpackedEntry> {
  const hash = createHash('sha256')
  const output = entry.output === null ? undefined : openSync(entry.output, 'wx', 0o600)
  let [size, checksum, start] = [0, 0, '']
  try {
    for await (const block of contentOf(input, entry, control)) {
      if (size === 0) start = block.toString('hex', 0, 8)
      size += block.length
      if (size > entry.size) break
      checksum = crc32(block, checksum)
      hash.update(block)
      if (output !== undefined) for (let at = 0; at < block.length; ) at += writeSync(output, block, at)
    }
  } finally {
    if (output !== undefined) closeSync(output)
  }
  if (size !== entry.size)
    throw failed('ARCHIVE_SIZE_MISMATCH', entry, `does not have the ${entry.size} bytes that the directory says`)
  if (checksum !== entry.crc32)
    throw failed('ARCHIVE_CRC_MISMATCH', entry, 'does not have the checksum that the directory says')
  return { sha256: hash.digest('hex'), start }
}

function contentOf(
  input: number,
  entry: EntryToUnpack,
  control: PassControl,
): AsyncIterable<Buffer> | Iterable<Buffer> {
  const { method, size, compressedSize } = entry
  if (method === 0) return blocksOf(input, entry, control, () => control.memory)
  if (method !== 8)
    throw failed('ARCHIVE_METHOD_UNSUPPORTED', entry, `is compressed by the method ${method}, which cannot be read`)
  return size <= smallSize && compressedSize <= smallSize
    ? [inflatedWhole(input, entry)]
    : inflated(input, entry, control)
}

function* blocksOf(
  input: number,
  { dataStart, compressedSize }: EntryToUnpack,
  control: PassControl,
  memory: () => Buffer,
): Generator<Buffer, void, undefined> {
  for (let done = 0; done < compressedSize; ) {
    control.throwIfCancelled()
    const place = memory()
    const bytes = place.subarray(0, Math.min(place.length, compressedSize - done))
    fillBlocking(input, { offset: dataStart + done, bytes })
    yield bytes
    done += bytes.length
    if (done % (4 * 1024 * 1024) < bytes.length) control.progress(done, compressedSize)
  }
}

function inflatedWhole(input: number, entry: EntryToUnpack): Buffer {
  const { dataStart, compressedSize, size } = entry
  const bytes = Buffer.allocUnsafe(compressedSize)
  fillBlocking(input, { offset: dataStart, bytes })
  const options = { info: true, maxOutputLength: size + 1, chunkSize: Math.max(size + 1, 64) }
  try {
    const { buffer, engine } = inflateRawSync(bytes, options) as unknown as {
      readonly buffer: Buffer
      readonly engine: { readonly bytesWritten: number }
    }
    if (engine.bytesWritten !== compressedSize) throw trailing(entry)
    return buffer
  } catch (cause) {
    throw cause instanceof ArchiveError ? cause : damaged(entry, cause)
  }
}

async function* inflated(
  input: number,
  entry: EntryToUnpack,
  control: PassControl,
): AsyncGenerator<Buffer, void, undefined> {
  const inflate = createInflateRaw({ chunkSize: blockSize })
  const blocks = blocksOf(input, entry, control, () => Buffer.allocUnsafe(blockSize))
  let failure: unknown
  const feeding = (async () => {
    for (const block of blocks)
      if (!inflate.write(block)) await new Promise((resume) => inflate.once('drain', resume).once('close', resume))
    inflate.end()
  })().catch((error: unknown) => {
    failure = error
    inflate.destroy(error as Error)
  })
  try {
    for await (const block of inflate) yield block as Buffer
    await feeding
  } catch (cause) {
    throw failure ?? damaged(entry, cause)
  } finally {
    inflate.destroy()
  }
  if (inflate.bytesWritten !== entry.compressedSize) throw trailing(entry)
}

function trailing(entry: EntryToUnpack): ArchiveError {
  return failed('ARCHIVE_ENTRY_DAMAGED', entry, 'has bytes behind its compressed data that belong to nothing')
}

function damaged(entry: EntryToUnpack, cause: unknown): ArchiveError {
  const isTooLong = cause instanceof RangeError
  return isTooLong
    ? failed('ARCHIVE_SIZE_MISMATCH', entry, `has more than the ${entry.size} bytes that the directory says`)
    : failed('ARCHIVE_ENTRY_DAMAGED', entry, 'cannot be unpacked: its compressed data are damaged')
}

function failed(code: string, { name }: EntryToUnpack, what: string): ArchiveError {
  return new ArchiveError(code, `The entry «${name.slice(0, 200)}» of the archive ${what}.`, { entry: name })
}
