import { randomUUID } from 'node:crypto'
import { access, constants, type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CliError, usageError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'

/** A file that will be written: checked, as far as it can be, before anything is asked of the service. */
export type Destination = {
  readonly path: string
  /** Permissions of the file that is there already; `undefined` when there is none. */
  readonly mode: number | undefined
}

/**
 * Checks that a file can be put there: its folder can be written to, and what has its name already is a file. A symbolic link is
 * followed, so that the file behind it is replaced and not the link.
 *
 * @param option that names it
 * @throws CliError `OUT_FOLDER_NOT_FOUND`, `OUT_NOT_WRITABLE`, `OUT_NOT_A_FILE` (exit code: usage)
 */
export async function checkDestination(path: string, option = '--out'): Promise<Destination> {
  const folder = await stat(dirname(path)).catch(() => undefined)
  if (!folder?.isDirectory())
    throw usageError(
      `The folder ${dirname(path)} does not exist.`,
      `Make it first: ${option} names a file in it.`,
      'OUT_FOLDER_NOT_FOUND',
    )
  await access(dirname(path), constants.W_OK).catch((error: unknown) => {
    throw notWritable(path, error as NodeJS.ErrnoException)
  })
  const present = await stat(path).catch(() => undefined)
  if (present === undefined) return { path, mode: undefined }
  if (!present.isFile())
    throw usageError(`${path} is not a file.`, `${option} names a file, new or to be replaced.`, 'OUT_NOT_A_FILE')
  return { path: await realpath(path), mode: present.mode & 0o7777 }
}

/**
 * Writes a file under a temporary name beside its place, puts it on disk and renames it: whatever was there stays until
 * the whole new file takes its place, and nothing is left behind when writing fails.
 *
 * @throws CliError `OUT_NOT_WRITABLE` (exit code: usage), and what `write` throws
 */
export async function replaceFile(
  { path, mode }: Destination,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 50)}.${randomUUID()}.part`)
  try {
    {
      await using file = await open(temporary, 'wx', mode ?? 0o666)
      await write(file)
      // The umask took part in `open`; a file that is replaced keeps its permissions exactly.
      if (mode !== undefined) await file.chmod(mode)
      await file.sync()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw isFileSystemError(error) ? notWritable(path, error) : error
  }
}

function notWritable(path: string, cause: NodeJS.ErrnoException): CliError {
  return new CliError('OUT_NOT_WRITABLE', `${path} cannot be written (${cause.code}).`, {
    exitCode: exitCode.usage,
    cause,
  })
}

function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
