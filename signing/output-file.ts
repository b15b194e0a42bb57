import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SigningError } from './signing-error.ts'

/**
 * Lets `write` fill a new file beside `path` and gives it that name only when it is whole. Whatever fails, nothing
 * remains and an earlier file of that name is as it was.
 *
 * @param durable whether bytes and name must be on the disk when this answers
 * @throws SigningError `FILE_WRITE_FAILED` when the system refuses to write; whatever `write` throws
 */
export async function writeWhole<Result>(
  path: string,
  durable: boolean,
  write: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const temporary = join(dirname(path), `.${randomUUID()}.partial`)
  try {
    const handle = await guard(path, open(temporary, 'wx'))
    const result = await fill(handle, path, durable, write)
    await guard(path, rename(temporary, path))
    if (durable) await guard(path, syncFolder(dirname(path)))
    return result
  } catch (failure) {
    // The caller is given the first failure.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw failure
  }
}

async function fill<Result>(
  handle: FileHandle,
  path: string,
  durable: boolean,
  write: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  try {
    const result = await write(handle)
    if (durable) await guard(path, handle.sync())
    await guard(path, handle.close())
    return result
  } catch (failure) {
    await handle.close().catch(() => undefined)
    throw failure
  }
}

/**
 * Writes the buffers one behind the other, beginning at `offset` of the file.
 *
 * @throws SigningError `FILE_WRITE_FAILED`
 */
export async function writeFully(handle: FileHandle, offset: number, ...buffers: readonly Uint8Array[]): Promise<void> {
  let at = offset
  let left = buffers
  while (left.length > 0) {
    const { bytesWritten } = await guard('the output', handle.writev(left, at))
    at += bytesWritten
    left = dropBytes(left, bytesWritten)
  }
}

/**
 * Cuts a file off, or fills it up with zeros.
 *
 * @throws SigningError `FILE_WRITE_FAILED`
 */
export async function truncate(handle: FileHandle, size: number): Promise<void> {
  await guard('the output', handle.truncate(size))
}

/** What is left of the buffers after a write that may have ended anywhere within them. */
function dropBytes(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let dropped = count
  return buffers.flatMap((buffer) => {
    const taken = Math.min(dropped, buffer.length)
    dropped -= taken
    return taken < buffer.length ? [buffer.subarray(taken)] : []
  })
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function guard<Result>(path: string, operation: Promise<Result>): Promise<Result> {
  try {
    return await operation
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    // The disk is full, or broken: it says nothing about what was to be signed.
    throw new SigningError('FILE_WRITE_FAILED', `Writing ${path} failed: ${reason}`, { transient: true, cause })
  }
}
