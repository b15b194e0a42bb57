import { open, rm } from 'node:fs/promises'
import type { ZipEntry } from '../../archives/index.ts'
import type { OpenFile } from '../../signing/signature-format.ts'
import { onDisk } from '../store/disk-error.ts'
import type { TreeMeans } from './tree-means.ts'

/** The name of an entry without its folders. */
export function fileNameOf({ path }: ZipEntry): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Opens a copy for reading for as long as it is used. */
export async function withCopy<Result>(
  { place }: Pick<TreeMeans, 'place'>,
  path: string,
  name: string,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result> {
  const handle = await onDisk('reading an unpacked file', () => open(path, 'r'), place)
  try {
    const { size } = await handle.stat()
    return await use({ handle, size, name })
  } finally {
    await handle.close()
  }
}

/** Removes a copy that is not needed any more. */
export function removeCopy({ place }: Pick<TreeMeans, 'place'>, path: string): Promise<void> {
  return onDisk('unpacking an archive', () => rm(path, { force: true }), place)
}
