import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ZipArchive, ZipEntry } from '../../archives/index.ts'
import type { Sha256Digest } from '../../domain/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { diskError } from '../store/disk-error.ts'
import { inParallel } from './in-parallel.ts'
import type { TreeMeans } from './tree-means.ts'
import type { UnpackedEntry, UnpackOrder } from './unpack-work.ts'

/** What the content of an entry is. */
export type EntryContent = {
  readonly sha256: Sha256Digest
  /** Its first bytes, eight at the most, hexadecimal. */
  readonly start: string
  /** Where a copy of it is, if one was asked for. */
  readonly copy: string | undefined
}

/** A thread is given so much at once: enough that the way to it costs nothing, and little enough for several to share the work. */
const batch = { entries: 256, bytes: 32 * 1024 * 1024 }

/**
 * Reads entries of an archive to their ends, in threads: their digests, and copies of those that are needed.
 *
 * @param needsCopy of which a copy is made in the folder of the means
 * @returns by the entries' indexes
 * @throws ArchiveError `ARCHIVE_ENTRY_DAMAGED`, `ARCHIVE_SIZE_MISMATCH`, `ARCHIVE_CRC_MISMATCH`, `ARCHIVE_METHOD_UNSUPPORTED`; ArtifactError
 *   the codes of the folder's place; the signal's reason
 */
export async function unpackEntries(
  {
    passes,
    folder,
    place,
    signal,
    onProgress,
  }: Pick<TreeMeans, 'passes' | 'folder' | 'place' | 'signal' | 'onProgress'>,
  archive: Pick<ZipArchive, 'file'>,
  entries: readonly ZipEntry[],
  needsCopy: (entry: ZipEntry) => boolean,
): Promise<ReadonlyMap<number, EntryContent>> {
  const contents = new Map<number, EntryContent>()
  await inParallel(batchesOf(entries), 4, async (some) => {
    const copies = some.map((entry) => (needsCopy(entry) ? join(folder, randomUUID()) : null))
    const order: UnpackOrder = {
      input: archive.file.handle.fd,
      entries: some.map((entry, index) => ({
        name: entry.name,
        dataStart: entry.dataStart,
        compressedSize: entry.compressedSize,
        size: entry.size,
        method: entry.method,
        crc32: entry.crc32,
        output: copies[index] ?? null,
      })),
    }
    const work = { module: new URL('./unpack-work.ts', import.meta.url).href, parameters: order }
    const unpacked = (await passes.work(work, { signal, onProgress }).catch((error: unknown) => {
      throw error instanceof SigningError && error.code === 'FILE_WRITE_FAILED'
        ? diskError('unpacking an archive', error.cause ?? error, place)
        : error
    })) as readonly UnpackedEntry[]
    onProgress?.()
    for (const [index, { sha256, start }] of unpacked.entries())
      contents.set((some[index] as ZipEntry).index, {
        sha256: sha256 as Sha256Digest,
        start,
        copy: copies[index] ?? undefined,
      })
  })
  return contents
}

function batchesOf(entries: readonly ZipEntry[]): readonly (readonly ZipEntry[])[] {
  const batches: ZipEntry[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const entry of entries) {
    const last = batches.at(-1)
    if (last === undefined || last.length === batch.entries || bytes + entry.size > batch.bytes) {
      batches.push([entry])
      bytes = entry.size
    } else {
      last.push(entry)
      bytes += entry.size
    }
  }
  return batches
}
