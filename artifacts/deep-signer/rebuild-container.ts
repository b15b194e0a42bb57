import { randomUUID } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { type EntryContent, type InsertedEntry, openZip, rewriteZip } from '../../archives/index.ts'
import { changes, type TreeNode } from '../planner/index.ts'
import { onDisk, signerScratchPlace } from '../store/disk-error.ts'
import type { MadeFile, TreeSigner } from './tree-signer.ts'

/**
 * Puts a container together again, in a new file: with the files in it that were signed in place of those that they were made of, and
 * signatures that are files of their own behind the files that they sign. Everything else stays byte for byte.
 *
 * @returns where it is
 * @throws SigningError `ARCHIVE_…`, `FILE_…`; ArtifactError `SIGNER_SCRATCH_…`; the signal's reason
 */
export async function rebuildContainer(
  { folder, limits, passes, signal, onProgress }: TreeSigner,
  { copy, children }: TreeNode,
  made: ReadonlyMap<TreeNode, MadeFile>,
): Promise<string> {
  const path = `${folder}/${randomUUID()}`
  const original = await onDisk('opening a copy', () => open(copy ?? '', 'r'), signerScratchPlace)
  try {
    const { size } = await original.stat()
    const archive = await openZip({ handle: original, size }, { limits, passes, signal })
    const replaced = new Map<number, EntryContent>()
    const inserted: InsertedEntry[] = []
    for (const child of children.filter(changes)) {
      const file = made.get(child)
      if (file === undefined) throw new Error('A container is put together before what is in it.')
      if (child.content.outputs === undefined) replaced.set(child.entry, await contentAt(file.path))
      const next = child.entry + 1
      const before = next < archive.entries.length ? next : 'end'
      for (const output of file.outputs) {
        const content = await contentAt(output.path)
        inserted.push({ before, name: output.name, content, method: 'deflated', like: child.entry })
      }
    }
    const output = await onDisk('writing an archive', () => open(path, 'wx+', 0o600), signerScratchPlace)
    try {
      await onDisk(
        'writing an archive',
        () => rewriteZip(archive, { replaced, inserted }, { output, passes, signal, onProgress }),
        signerScratchPlace,
      )
      return path
    } finally {
      await output.close()
    }
  } finally {
    await original.close()
  }
}

async function contentAt(path: string): Promise<EntryContent> {
  const { size } = await onDisk('reading a signed file', () => stat(path), signerScratchPlace)
  return { path, size }
}
