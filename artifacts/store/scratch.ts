import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ArtifactError } from '../artifact-error.ts'
import { onDisk } from './disk-error.ts'

/** A folder for unfinished files that belongs to one process and does not outlive it for long. */
export type Scratch = {
  /** A new name in the folder; nothing is there yet. */
  readonly newPath: () => string
  /** Whether a path lies inside. */
  readonly contains: (path: string) => boolean
  /** Removes the folder and everything in it. */
  readonly close: () => Promise<void>
}

const staleLockAge = 60 * 60 * 1000

/**
 * Makes a scratch folder of this process's own under `root`, and first removes those whose processes are gone.
 *
 * Each folder `<uuid>` has a lock `<uuid>.lock` beside it, taken before the folder is made and held as long as its
 * process lives. The lock is SQLite's, that is the kernel's: it is given back however the process ends, and it tells the
 * living from the dead across containers and machines that share the folder, where process numbers say nothing.
 *
 * @throws ArtifactError `ARTIFACT_STORE_UNAVAILABLE` when the file system is absent or knows no locks;
 *   `ARTIFACT_STORE_FULL`
 */
export async function openScratch(root: string): Promise<Scratch> {
  await onDisk('making the scratch folder', () => mkdir(root, { recursive: true, mode: 0o700 }))
  await sweep(root)
  const folder = join(resolve(root), randomUUID())
  const unlock = takeLock(`${folder}.lock`)
  await onDisk('making the scratch folder', () => mkdir(folder, { mode: 0o700 }))
  return {
    newPath: () => join(folder, randomUUID()),
    contains: (path) => resolve(path).startsWith(folder + sep),
    close: async () => {
      await onDisk('clearing the scratch folder', () => rm(folder, { recursive: true, force: true }))
      unlock()
      await onDisk('clearing the scratch folder', () => rm(`${folder}.lock`, { force: true }))
    },
  }
}

async function sweep(root: string): Promise<void> {
  const entries = await onDisk('looking for leftovers', () => readdir(root))
  const folders = entries.filter((name) => !name.endsWith('.lock'))
  for (const folder of folders) await removeIfDead(join(root, folder))
  // A lock without a folder may be one that is being set up at this moment.
  for (const lock of entries.filter((name) => name.endsWith('.lock') && !folders.includes(name.slice(0, -5))))
    if (await olderThan(join(root, lock), staleLockAge)) await removeIfDead(join(root, lock.slice(0, -5)))
}

async function removeIfDead(folder: string): Promise<void> {
  const lock = `${folder}.lock`
  let unlock: () => void
  try {
    unlock = takeLock(lock)
  } catch {
    // Its process lives, or another one is sweeping it now.
    return
  }
  try {
    await onDisk('removing leftovers', () => rm(folder, { recursive: true, force: true }))
    await onDisk('removing leftovers', () => rm(lock, { force: true }))
  } finally {
    unlock()
  }
}

function takeLock(file: string): () => void {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(file, { timeout: 0 })
    const held = lock
    held.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return () => held.close()
  } catch (error) {
    lock?.close()
    throw new ArtifactError(
      'ARTIFACT_STORE_UNAVAILABLE',
      `The artifact store cannot lock ${file}. Its folder must be writable and on a file system with locks.`,
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
