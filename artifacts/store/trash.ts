import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Sha256Digest } from '../../domain/index.ts'
import { errnoOf } from './disk-error.ts'

/**
 * Where the bytes of a digest lie in the folder of an artifact store: in their place, or in the trash, from where whoever
 * asks for them takes them back. The time of the last change of a file is its lease: whoever is about to append an event
 * that names it touches it first, and what was touched lately is not thrown away.
 */
export type Trash = {
  /** Where the bytes belong. */
  readonly placeOf: (sha256: Sha256Digest) => string
  /** Renews the lease of bytes in their place. @returns whether they are there */
  readonly touch: (sha256: Sha256Digest) => Promise<boolean>
  /** Takes bytes back from the trash, with a new lease. @returns whether they were there */
  readonly restore: (sha256: Sha256Digest) => Promise<boolean>
  /**
   * Throws bytes away unless they were touched since `seen`. Who touches them afterwards finds them gone from their place
   * and takes them back; who touched them before has moved their time on, which is looked at last.
   *
   * @param seen the time of their last change, in milliseconds
   * @returns whether they are in the trash now
   */
  readonly discard: (sha256: Sha256Digest, seen: number) => Promise<boolean>
  /** What is in the trash. */
  readonly list: () => Promise<readonly Sha256Digest[]>
  /** When bytes in the trash were changed last, in milliseconds; `undefined` when they are not there. */
  readonly changedAt: (sha256: Sha256Digest) => Promise<number | undefined>
  /** Deletes bytes in the trash for good. */
  readonly destroy: (sha256: Sha256Digest) => Promise<void>
}

/** @param path the store's folder */
export function trashOf(path: string): Trash {
  const placeOf = (sha256: Sha256Digest) => join(path, 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
  const trashed = (sha256: Sha256Digest) => join(path, 'trash', sha256)

  async function touch(sha256: Sha256Digest): Promise<boolean> {
    const now = new Date()
    return isThere(utimes(placeOf(sha256), now, now))
  }

  async function restore(sha256: Sha256Digest): Promise<boolean> {
    const now = new Date()
    if (!(await isThere(utimes(trashed(sha256), now, now)))) return touch(sha256)
    await mkdir(dirname(placeOf(sha256)), { recursive: true, mode: 0o700 })
    // Somebody else may be faster.
    return (await isThere(rename(trashed(sha256), placeOf(sha256)))) || touch(sha256)
  }

  async function changedAt(sha256: Sha256Digest): Promise<number | undefined> {
    try {
      return (await stat(trashed(sha256))).mtimeMs
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  return {
    placeOf,
    touch,
    restore,
    async discard(sha256, seen) {
      await mkdir(join(path, 'trash'), { recursive: true, mode: 0o700 })
      if (!(await isThere(rename(placeOf(sha256), trashed(sha256))))) return false
      const changed = await changedAt(sha256)
      if (changed === seen) return true
      if (changed !== undefined) await restore(sha256)
      return false
    },
    async list() {
      try {
        return (await readdir(join(path, 'trash'))) as Sha256Digest[]
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return []
        throw error
      }
    },
    changedAt,
    destroy: (sha256) => rm(trashed(sha256), { force: true }),
  }
}

async function isThere(work: Promise<void>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
