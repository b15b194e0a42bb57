import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SigningError } from '../signing-error.ts'

/** A block of a file. Its bytes are the caller's until the block after the next is asked for. */
export interface ByteBlock {
  readonly offset: number
  readonly bytes: Buffer
}

/** Large enough that a call costs nothing beside the work on its bytes, small enough to keep the event loop moving. */
export const blockSize = 1024 * 1024

/** A file that is open for reading. */
export interface InputFile {
  readonly handle: Pick<FileHandle, 'read' | 'fd'>
  /** Size in bytes. */
  readonly size: number
  /**
   * Its first block. Headers are read from here, and a pass over the file begins with it, so a small file costs one
   * read; whoever makes the pass may change these bytes then.
   */
  readonly start: Buffer
}

/**
 * Opens a regular file for reading, does the work, and closes it.
 *
 * @throws SigningError `FILE_READ_FAILED` when it cannot be opened or is no regular file; whatever the work throws
 */
export async function withInput<Result>(path: string, work: (file: InputFile) => Promise<Result>): Promise<Result> {
  // Non-blocking, because opening a pipe would otherwise wait for somebody to write into it.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  try {
    return await work(await inputOf(handle, path))
  } finally {
    await handle.close()
  }
}

/**
 * The same open file with its first block read anew, for another pass: one pass uses that block's memory for others.
 *
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED`
 */
export async function readAnew({ handle, size }: Omit<InputFile, 'start'>): Promise<InputFile> {
  const start = Buffer.allocUnsafeSlow(Math.min(blockSize, size))
  await readFully(handle, start, 0)
  return { handle, size, start }
}

/**
 * An open file as an input; whoever opened it closes it.
 *
 * @param name what messages call it
 * @throws SigningError `FILE_READ_FAILED` when it is no regular file or cannot be read, `FILE_TRUNCATED` when it gets shorter
 */
export async function inputOf(handle: FileHandle, name: string): Promise<InputFile> {
  const stats = await handle.stat().catch((cause: unknown) => {
    throw unreadable(name, cause)
  })
  if (!stats.isFile()) throw new SigningError('FILE_READ_FAILED', `${name} is not a regular file.`)
  return readAnew({ handle, size: stats.size })
}

/**
 * The bytes of a file from `offset` on; a view of its first block, good until a pass over the file begins, where they
 * are in there.
 *
 * @throws SigningError `FILE_TRUNCATED` when the file ends before, `FILE_READ_FAILED` when the system cannot read it
 */
export async function readRange(file: InputFile, offset: number, length: number): Promise<Buffer> {
  if (offset + length <= file.start.length) return file.start.subarray(offset, offset + length)
  const bytes = Buffer.allocUnsafeSlow(length)
  await readFully(file.handle, bytes, offset)
  return bytes
}

/**
 * Reads a file's bytes from the beginning to `end` in blocks of `blockSize`, the last one shorter. The next block is
 * read while the caller works on this one; three buffers rotate, so a caller may also still be writing the block before.
 *
 * @throws SigningError `FILE_TRUNCATED` when the file ends early; the signal's reason when it is aborted
 */
export async function* readBlocks(
  file: InputFile,
  end: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ByteBlock, void, undefined> {
  const buffers: Buffer[] = [file.start]
  const readAt = async (offset: number): Promise<ByteBlock> => {
    const index = Math.floor(offset / blockSize) % 3
    const buffer = buffers[index] ?? Buffer.allocUnsafeSlow(Math.min(blockSize, end))
    buffers[index] = buffer
    const bytes = buffer.subarray(0, Math.min(blockSize, end - offset))
    await readFully(file.handle, bytes, offset)
    return { offset, bytes }
  }
  const first = { offset: 0, bytes: file.start.subarray(0, Math.min(blockSize, end)) }
  let next: Promise<ByteBlock> | undefined = Promise.resolve(first)
  try {
    while (next !== undefined) {
      const block: ByteBlock = await next
      signal?.throwIfAborted()
      const following = block.offset + block.bytes.length
      next = following < end ? readAt(following) : undefined
      // Whoever stops early never looks at the read under way; its failure must not surface as unhandled.
      next?.catch(() => undefined)
      yield block
    }
  } finally {
    // The handle may be closed as soon as the caller leaves, so no read may be under way any more.
    await next?.catch(() => undefined)
  }
}

/**
 * Fills `into` from the file, beginning at `offset`.
 *
 * @throws SigningError `FILE_TRUNCATED` when the file ends before, `FILE_READ_FAILED` when the system cannot read it
 */
async function readFully(handle: Pick<FileHandle, 'read'>, into: Buffer, offset: number): Promise<void> {
  for (let filled = 0; filled < into.length; ) {
    const { bytesRead } = await handle
      .read(into, filled, into.length - filled, offset + filled)
      .catch((cause: unknown) => {
        throw unreadable(`The file at byte ${offset + filled}`, cause)
      })
    if (bytesRead === 0)
      throw new SigningError(
        'FILE_TRUNCATED',
        `The file ended at byte ${offset + filled} while it was read; ${into.length - filled} more bytes were expected.`,
      )
    filled += bytesRead
  }
}

function unreadable(what: string, cause: unknown): SigningError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  // A fault of the disk, not of the file's bytes.
  return new SigningError('FILE_READ_FAILED', `${what} cannot be read: ${reason}`, { transient: true, cause })
}
