import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

/** A file system of its own that a test can fill to the last byte. */
export type SmallDisk = {
  /** Where it is mounted. */
  readonly path: string
  /** Takes the room that is left but for so many bytes, and keeps it; or gives back what it took too much before. */
  readonly fill: (left: number) => void
  /** Gives the room back. */
  readonly free: () => void
  /** Lets nothing be written any more, room or not; and takes that back. */
  readonly makeReadOnly: () => void
  readonly makeWritable: () => void
  /** Takes it out of the machine's table of mounts at once, even when processes are still in it. */
  readonly unmount: () => void
}

/** Whether this process may mount file systems: root on Linux, in a container with CAP_SYS_ADMIN. */
export const mayMount: boolean = (() => {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** Mounts a small disk on a temporary folder, until the running test has finished, whatever its end. */
export function smallDisk(mebibytes: number): SmallDisk {
  const disk = mountSmallDisk(mebibytes, temporaryFolder())
  onTestFinished(disk.unmount)
  return disk
}

/**
 * Mounts a small file system in memory (tmpfs). Whoever mounts it sees to it that it is unmounted.
 *
 * @param mebibytes its size; no memory is taken before something is written
 * @param path an empty folder
 * @throws Error when this user may not mount, which {@link mayMount} says
 */
export function mountSmallDisk(mebibytes: number, path: string): SmallDisk {
  if (!mayMount)
    throw new Error(
      'This test fills a file system of its own. Run it as root on Linux, in a container with CAP_SYS_ADMIN.',
    )
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'countersign-test', path])
  const filler = join(path, 'filler')
  const remount = (how: 'ro' | 'rw') => void execFileSync('mount', ['-o', `remount,${how}`, path])
  return {
    path,
    fill(left) {
      // A write-ahead log that was copied to its database is written again from its beginning, which needs no room.
      for (const database of databases(path)) truncateWriteAheadLog(database)
      rmSync(filler, { force: true })
      fillUp(filler, () => freeBytes(path) - left)
    },
    free: () => rmSync(filler, { force: true }),
    makeReadOnly: () => remount('ro'),
    makeWritable: () => remount('rw'),
    unmount: () => void execFileSync('umount', ['--lazy', path]),
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** Writes as long as there is room to take. */
function fillUp(path: string, roomToTake: () => number): void {
  const file = openSync(path, 'wx', 0o600)
  const block = Buffer.alloc(1024 ** 2)
  try {
    for (let room = roomToTake(); room > 0; room = roomToTake())
      writeSync(file, block.subarray(0, Math.min(room, block.length)))
  } catch (error) {
    // Others write, too: somebody took the last block first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

function databases(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return unlessGone(() => databases(path))
    return path.endsWith('.db') && existsSync(`${path}-wal`) ? [path] : []
  })
}

/** Folders of a signer's scratch come and go while this looks. */
function unlessGone(read: () => readonly string[]): readonly string[] {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function truncateWriteAheadLog(path: string): void {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    database.close()
  }
}
