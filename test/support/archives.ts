import { writeFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type ArchiveLimits,
  openZip,
  rewriteZip,
  usualArchiveLimits,
  type ZipArchive,
  type ZipChanges,
  type ZipEntry,
} from '../../archives/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Shared by all files of a worker, so none of them ends its threads; these do not keep the process alive. */
const archivePasses = new FilePasses(2)

/** An archive in a file that is removed when the running test has finished. */
export async function openedZip(zip: Uint8Array, limits: Partial<ArchiveLimits> = {}): Promise<ZipArchive> {
  const path = join(temporaryFolder(), 'a.zip')
  writeFileSync(path, zip)
  return openedFile(path, limits)
}

/** The archive in a file, open until the running test has finished. */
export async function openedFile(path: string, limits: Partial<ArchiveLimits> = {}): Promise<ZipArchive> {
  const handle = await open(path)
  onTestFinished(() => handle.close())
  const { size } = await handle.stat()
  return openZip({ handle, size }, { limits: { ...usualArchiveLimits, ...limits }, passes: archivePasses })
}

/** What becomes of an archive by changes, as bytes; the digest that the rewriting gave is that of these bytes. */
export async function rewritten(archive: ZipArchive, changes: ZipChanges): Promise<Buffer> {
  const path = join(temporaryFolder(), 'b.zip')
  await rewrittenTo(path, archive, changes)
  return readFile(path)
}

/** Writes what becomes of an archive by changes into a file that is not there yet. */
export async function rewrittenTo(path: string, archive: ZipArchive, changes: ZipChanges) {
  const output = await open(path, 'wx+')
  try {
    return await rewriteZip(archive, changes, { output, passes: archivePasses, hashed: true })
  } finally {
    await output.close()
  }
}

/** The content of an entry. */
export async function contentOf(archive: ZipArchive, entry: ZipEntry): Promise<Buffer> {
  const blocks: Buffer[] = []
  for await (const block of archive.read(entry)) blocks.push(block)
  return Buffer.concat(blocks)
}

/** All that an archive says of an entry that was not changed: its bytes in the file, and its record but for where it is. */
export function bytesOf(zip: Buffer, entry: ZipEntry): readonly Buffer[] {
  const { record } = entry
  return [zip.subarray(entry.start, entry.end), record.subarray(0, 42), record.subarray(46)]
}
