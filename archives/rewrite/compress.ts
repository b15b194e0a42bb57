import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { constants, crc32, deflateRaw, type ZlibOptions } from 'node:zlib'
import { readExactly } from '../whole-parts.ts'
import type { EntryContent } from './changes.ts'

/** How the data of an entry are made of its content. */
export interface CompressionOrder {
  readonly content: EntryContent
  /** Level of zlib; `undefined`: stored as they are. */
  readonly level: number | undefined
}

/** A part of an entry's data, and what is known of its content up to here. */
export interface DataBlock<Order> {
  readonly order: Order
  readonly bytes: Uint8Array
  readonly isLast: boolean
  readonly crc32: number
}

/** Large enough that cutting costs little; small enough that several cores have work in one file. */
const blockSize = 512 * 1024
/** How far back deflate looks (RFC 1951 §2). */
const windowSize = 32 * 1024

/**
 * The data of entries, block by block, in their order. Each block of content is deflated by itself in a thread of libuv, with the end of
 * the block before as its dictionary, so that all of them together are one deflate stream, and several are under way at once, in one
 * entry and over many. The same content always gives the same data.
 *
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient); the signal's reason
 */
export async function* compressed<Order extends CompressionOrder>(
  orders: Iterable<Order>,
  signal?: AbortSignal,
): AsyncGenerator<DataBlock<Order>, void, undefined> {
  const underWay: Promise<DataBlock<Order>>[] = []
  const limit = 2 * availableParallelism()
  try {
    for (const order of orders) {
      for await (const block of contentBlocks(order)) {
        signal?.throwIfAborted()
        const made = compressBlock(block)
        // Whoever waits for it hears of its error; until then it is nobody's.
        made.catch(() => undefined)
        underWay.push(made)
        if (underWay.length >= limit) yield await (underWay.shift() as Promise<DataBlock<Order>>)
      }
    }
    for (const made of underWay.splice(0)) yield await made
  } finally {
    await Promise.allSettled(underWay)
  }
}

interface ContentBlock<Order> {
  readonly order: Order
  readonly bytes: Buffer
  /** The end of what came before. */
  readonly dictionary: Buffer
  readonly isLast: boolean
  readonly crc32: number
}

async function compressBlock<Order extends CompressionOrder>(block: ContentBlock<Order>): Promise<DataBlock<Order>> {
  const { order, isLast, crc32: sum } = block
  const known = { order, isLast, crc32: sum }
  const { level } = order
  if (level === undefined) return { ...known, bytes: block.bytes }
  const options = deflateOptions(block, level)
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    deflateRaw(block.bytes, options, (error, result) => (error === null ? resolve(result) : reject(error)))
  })
  return { ...known, bytes }
}

function deflateOptions({ bytes, dictionary, isLast }: ContentBlock<unknown>, level: number): ZlibOptions {
  const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH
  // All of the output fits into one chunk.
  const common = { level, finishFlush, chunkSize: bytes.length + (bytes.length >> 8) + 64 }
  if (dictionary.length > 0) return { ...common, dictionary }
  // Archives have thousands of small files, for each of which zlib would clear 256 KiB.
  const windowBits = Math.max(9, Math.min(15, Math.ceil(Math.log2(bytes.length + 512))))
  return isLast ? { ...common, windowBits, memLevel: Math.min(8, windowBits - 6) } : common
}

async function* contentBlocks<Order extends CompressionOrder>(
  order: Order,
): AsyncGenerator<ContentBlock<Order>, void, undefined> {
  const { content } = order
  const size = sizeOf(content)
  let dictionary: Buffer = Buffer.alloc(0)
  let sum = 0
  const reader = await readerOf(content)
  try {
    let at = 0
    do {
      const bytes = await reader.read(at, Math.min(blockSize, size - at))
      at += bytes.length
      sum = crc32(bytes, sum)
      yield { order, bytes, dictionary, isLast: at === size, crc32: sum }
      dictionary = bytes.subarray(-windowSize)
    } while (at < size)
  } finally {
    await reader.close()
  }
}

/** Bytes of content. */
export function sizeOf(content: EntryContent): number {
  return content instanceof Uint8Array ? content.length : content.size
}

interface ContentReader {
  readonly read: (at: number, length: number) => Promise<Buffer>
  readonly close: () => Promise<void>
}

async function readerOf(content: EntryContent): Promise<ContentReader> {
  if (content instanceof Uint8Array) {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.length)
    return { read: async (at, length) => bytes.subarray(at, at + length), close: async () => undefined }
  }
  if ('handle' in content)
    return { read: (at, length) => readExactly(content.handle, at, length), close: async () => {} }
  const handle = await open(content.path)
  return { read: (at, length) => readExactly(handle, at, length), close: () => handle.close() }
}
