import { createHash } from 'node:crypto'
import { type BigIntStats, createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { CliError, usageError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'

/** A file of this machine, as it was when the command first looked at it. */
export type LocalFile = {
  readonly path: string
  readonly fileName: string
  /** Bytes. */
  readonly size: number
  /** Which file it was, and when it was last written. */
  readonly state: FileState
}

/** What tells one state of a file from another without reading it: device, inode, size, modification time. */
export type FileState = string

/**
 * Looks at a file that is to be signed.
 *
 * @throws CliError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `FILE_EMPTY` (exit code: usage)
 */
export async function findLocalFile(path: string): Promise<LocalFile> {
  const found = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code})`
    throw usageError(`${path} ${reason}.`, undefined, error.code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE')
  })
  if (!found.isFile()) throw usageError(`${path} is not a file.`, undefined, 'FILE_UNREADABLE')
  if (found.size === 0n) throw usageError(`${path} is empty.`, 'There is nothing in it to sign.', 'FILE_EMPTY')
  return { path, fileName: basename(path), size: Number(found.size), state: stateOf(found) }
}

/**
 * Hashes the file, to know afterwards that what was sent is what the command was given.
 *
 * @returns SHA-256, hexadecimal, lower case
 * @throws CliError `FILE_UNREADABLE`, `FILE_CHANGED`; the signal's reason
 */
export async function hashLocalFile(file: LocalFile, signal: AbortSignal, algorithm = 'sha256'): Promise<string> {
  await using handle = await openUnchanged(file)
  const hash = createHash(algorithm)
  try {
    for await (const chunk of createReadStream(file.path, {
      fd: handle,
      autoClose: false,
      start: 0,
      highWaterMark: 1024 * 1024,
      signal,
    }))
      hash.update(chunk as Buffer)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw unreadableFile(file.path, error)
  }
  await checkUnchanged(file, handle)
  return hash.digest('hex')
}

/**
 * The beginning of the file, from which the service can tell faults of its format before all of it is sent.
 *
 * @param length in bytes; fewer are answered where the file has fewer
 * @throws CliError `FILE_UNREADABLE`, `FILE_CHANGED`
 */
export async function firstBytesOf(file: LocalFile, length: number): Promise<Buffer> {
  await using handle = await openUnchanged(file)
  const bytes = Buffer.alloc(Math.min(length, file.size))
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await handle
      .read(bytes, filled, bytes.length - filled, filled)
      .catch((error: unknown) => Promise.reject(unreadableFile(file.path, error)))
    if (bytesRead === 0) break
    filled += bytesRead
  }
  await checkUnchanged(file, handle)
  return bytes.subarray(0, filled)
}

/**
 * Opens the file as it was found.
 *
 * @throws CliError `FILE_UNREADABLE`, `FILE_CHANGED`
 */
export async function openUnchanged(file: LocalFile): Promise<FileHandle> {
  const handle = await open(file.path, 'r').catch((error: unknown) => {
    throw unreadableFile(file.path, error)
  })
  try {
    await checkUnchanged(file, handle)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Checks that the opened file, and what its path names now, is still what was found at first.
 *
 * @throws CliError `FILE_CHANGED` (exit code: refused)
 */
export async function checkUnchanged(file: LocalFile, handle: FileHandle): Promise<void> {
  const named = await stat(file.path, { bigint: true }).catch(() => undefined)
  const opened = await handle.stat({ bigint: true })
  if (stateOf(opened) !== file.state || named === undefined || stateOf(named) !== file.state)
    throw changed(file, describeChange(file, named))
}

/** The error of a file whose bytes are not those that were hashed first; `how` ends the sentence. */
export function changed({ path }: LocalFile, how: string): CliError {
  return new CliError('FILE_CHANGED', `${path} changed while it was read: ${how}.`, {
    hint: 'Nothing was submitted. Sign it when what writes it is done.',
    exitCode: exitCode.refused,
  })
}

/** The error of a file that cannot be read to its end. */
export function unreadableFile(path: string, error: unknown): CliError {
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
  return usageError(`${path} cannot be read: ${reason}.`, undefined, 'FILE_UNREADABLE')
}

function stateOf({ dev, ino, size, mtimeNs }: BigIntStats): FileState {
  return `${dev}:${ino}:${size}:${mtimeNs}`
}

function describeChange({ size }: LocalFile, now: BigIntStats | undefined): string {
  if (now === undefined) return 'it is gone'
  if (Number(now.size) !== size) return `it had ${size} bytes and has ${now.size} now`
  return 'it was written to, or replaced by another file'
}
