import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ArtifactError } from '../artifact-error.ts'
import { artifactStorePlace, type DiskPlace, onDisk } from './disk-error.ts'

/** A folder for unfinished files that belongs to one process and does not outlive it for long. */
export type Scratch = {
  /** A new name in the folder; nothing is there yet. */
  readonly newPath: () => string
  /** Lends an empty folder, and removes it with all that is in it when `use` is over. */
  readonly withFolder: <T>(use: (folder: string) => Promise<T>) => Promise<T>
  /** Removes the folder and everything in it. */
  readonly close: () => Promise<void>
}

const staleLockAge = 60 * 60 * 1000

/**
 * Makes a scratch folder of this process's own under `root`, and first removes those whose processes are gone.
 *
 * Each folder `<uuid>` has a lock `<uuid>.lock` beside it, taken before the folder is made and held as long as its
 * process runs. The lock is SQLite's, that is the kernel's: it is given back however the process ends, and it holds across
 * containers and machines that share the folder, where the number of a process does not say whether it runs.
 *
 * @param place which folder it is, for errors
 * @throws ArtifactError with the codes of the place: unavailable when the file system is absent or knows no locks, or full
 */
export async function openScratch(root: string, place: DiskPlace = artifactStorePlace): Promise<Scratch> {
  await onDisk('making the scratch folder', () => mkdir(root, { recursive: true, mode: 0o700 }), place)
  await sweep(root, place)
  const folder = join(resolve(root), randomUUID())
  const unlock = takeLock(`${folder}.lock`, place)
  await onDisk('making the scratch folder', () => mkdir(folder, { mode: 0o700 }), place)
  const newPath = () => join(folder, randomUUID())
  return {
    newPath,
    async withFolder(use) {
      const lent = newPath()
      await onDisk('making a scratch folder', () => mkdir(lent, { mode: 0o700 }), place)
      try {
        return await use(lent)
      } finally {
        await onDisk('clearing a scratch folder', () => removeFolder(lent), place)
      }
    },
    close: async () => {
      await onDisk('clearing the scratch folder', () => rm(folder, { recursive: true, force: true }), place)
      unlock()
      await onDisk('clearing the scratch folder', () => rm(`${folder}.lock`, { force: true }), place)
    },
  }
}

/** Most folders are empty again, or were never used: that takes one call of the system, where looking what is in them takes several. */
async function removeFolder(path: string): Promise<void> {
  await rmdir(path).catch(() => rm(path, { recursive: true, force: true }))
}

async function sweep(root: string, place: DiskPlace): Promise<void> {
  const entries = await onDisk('looking for leftovers', () => readdir(root), place)
  const folders = entries.filter((name) => !name.endsWith('.lock'))
  for (const folder of folders) await removeIfDead(join(root, folder), place)
  // A lock without a folder may be one that is being set up at this moment.
  for (const lock of entries.filter((name) => name.endsWith('.lock') && !folders.includes(name.slice(0, -5))))
    if (await olderThan(join(root, lock), staleLockAge)) await removeIfDead(join(root, lock.slice(0, -5)), place)
}

async function removeIfDead(folder: string, place: DiskPlace): Promise<void> {
  const lock = `${folder}.lock`
  let unlock: () => void
  try {
    unlock = takeLock(lock, place)
  } catch {
    // Its process runs, or another one is removing it now.
    return
  }
  try {
    await onDisk('removing leftovers', () => rm(folder, { recursive: true, force: true }), place)
    await onDisk('removing leftovers', () => rm(lock, { force: true }), place)
  } finally {
    unlock()
  }
}

/**
 * Takes a lock that the process holds until it is given back, or until the process ends, however it does.
 *
 * @returns gives it back
 * @throws ArtifactError with the place's code for what is unavailable, also when somebody else has it
 */
export function takeLock(file: string, place: DiskPlace = artifactStorePlace): () => void {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(file, { timeout: 0 })
    const held = lock
    held.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return () => held.close()
  } catch (error) {
    lock?.close()
    throw new ArtifactError(
      place.unavailable,
      `${place.name} cannot be used: ${file} cannot be locked. Its folder must be writable and on a file system with locks.`,
      { transient: true, cause: error },
    )
  }
}

async function olderThan(path: string, milliseconds: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > milliseconds
  } catch {
    return false
  }
}
