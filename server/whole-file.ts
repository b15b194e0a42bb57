import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a file that is not there yet, and has its bytes on the disk when it answers. Its name is on the disk once the
 * folder is, see {@link syncToDisk}.
 *
 * @param mode POSIX permissions, less those that the umask takes away
 * @throws the error of the file system: `EEXIST` when the file is there
 */
export async function writeNewFile(path: string, content: string, mode = 0o600): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Puts a file, for its owner alone, in the place of the one that may be there: it is written beside it, brought to the disk
 * and renamed, and the name is brought to the disk as well: some of these files are keys, without which nothing they sealed is
 * read again. A reader, also after a crash, finds the former content or the new one, whole; once this has answered, the new one.
 *
 * @throws the error of the file system
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  try {
    await writeNewFile(temporary, content)
    await rename(temporary, path)
    await syncToDisk(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

/**
 * Brings to the disk what was written to a file, or which names a folder has.
 *
 * @throws the error of the file system
 */
export async function syncToDisk(path: string): Promise<void> {
  const file = await open(path)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Reads a file as text.
 *
 * @returns `undefined` when it is not there
 * @throws every other error of the file system
 */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
