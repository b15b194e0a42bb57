import { Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { compressionMethod, inflateWhole } from '../../archives/index.ts'
import { fillBlocking, type PassControl } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import type { JarFile } from './open-jar.ts'

/** Where an entry's content is, as plain data for a thread. */
export interface EntryPlace {
  readonly name: string
  readonly dataStart: number
  readonly compressedSize: number
  readonly size: number
  readonly crc32: number
  readonly method: number
}

/** Up to here the content of an entry is unpacked at once. */
const atOnce = 4 * 1024 * 1024

/** Where the content of a file is. */
export function placeOf({ name, entry }: JarFile): EntryPlace {
  const { dataStart, compressedSize, size, crc32, method } = entry
  return { name, dataStart, compressedSize, size, crc32, method }
}

/**
 * In a thread: the content of an entry in blocks that are good until the next one is asked for. It has the size and the checksum that the
 * directory says.
 *
 * @throws SigningError `ARCHIVE_METHOD_UNSUPPORTED`, `ARCHIVE_ENTRY_DAMAGED`; as reading files does
 */
export async function* contentOf(fd: number, place: EntryPlace, control: PassControl): AsyncGenerator<Buffer> {
  let [sum, read] = [0, 0]
  for await (const block of unpacked(fd, place, control)) {
    control.throwIfCancelled()
    sum = crc32(block, sum)
    read += block.length
    if (read > place.size) throw damaged(place)
    yield block
  }
  if (read !== place.size || sum !== place.crc32) throw damaged(place)
}

/**
 * In a thread: the whole content of a small entry, without the ways of asynchronous code, which for small entries take longer than the
 * work itself.
 *
 * @returns `undefined` for an entry that is not small; {@link contentOf} reads it
 * @throws as {@link contentOf}
 */
export function wholeContentOf(fd: number, place: EntryPlace, control: PassControl): Buffer | undefined {
  const { compressedSize, size, dataStart, method } = place
  if (size > atOnce || compressedSize > control.memory.length) return undefined
  control.throwIfCancelled()
  const data = control.memory.subarray(0, compressedSize)
  fillBlocking(fd, { offset: dataStart, bytes: data })
  const content = method === compressionMethod.stored ? data : inflated(data, place)
  if (content.length !== size || crc32(content) !== place.crc32) throw damaged(place)
  return content
}

function inflated(data: Buffer, place: EntryPlace): Buffer {
  requireMethod(place)
  const content = inflateWhole(data, place.size)
  if (typeof content === 'string') throw damaged(place)
  return content
}

async function* unpacked(fd: number, place: EntryPlace, control: PassControl): AsyncGenerator<Buffer> {
  if (place.method === compressionMethod.stored) {
    yield* stored(fd, place, control)
    return
  }
  requireMethod(place)
  const inflate = createInflateRaw({ chunkSize: control.memory.length })
  // The stream keeps blocks for later, so each is a copy.
  const copies = (function* () {
    for (const block of stored(fd, place, control)) yield Buffer.from(block)
  })()
  const source = Readable.from(copies, { objectMode: false })
  source.on('error', (error) => inflate.destroy(error))
  source.pipe(inflate)
  try {
    for await (const block of inflate) yield block as Buffer
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw damaged(place)
    throw error
  } finally {
    source.destroy()
    inflate.destroy()
  }
  // Behind the end of its stream zlib stops without a word.
  if (inflate.bytesWritten !== place.compressedSize) throw damaged(place)
}

function* stored(
  fd: number,
  { dataStart, compressedSize }: EntryPlace,
  { memory, throwIfCancelled }: PassControl,
): Generator<Buffer> {
  for (let at = 0; at < compressedSize; ) {
    throwIfCancelled()
    const bytes = memory.subarray(0, Math.min(memory.length, compressedSize - at))
    fillBlocking(fd, { offset: dataStart + at, bytes })
    yield bytes
    at += bytes.length
  }
}

function requireMethod({ name, method }: EntryPlace): void {
  if (method !== compressionMethod.deflated)
    throw new SigningError(
      'ARCHIVE_METHOD_UNSUPPORTED',
      `${name} is compressed by method ${method}; only stored (0) and deflated (8) entries can be read. Pack it again by one of these.`,
    )
}

function damaged({ name }: EntryPlace): SigningError {
  return new SigningError(
    'ARCHIVE_ENTRY_DAMAGED',
    `${name} has not the content that the archive's directory says. Pack it again.`,
  )
}
