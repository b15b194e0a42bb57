import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { DoFileWork, PassControl } from '../file-passes/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { contentOf, type EntryPlace, placeOf, wholeContentOf } from './entry-content.ts'
import type { JarFile } from './open-jar.ts'

/** Digests that the content of an entry must have, by hash, base64. */
export type StatedDigests = readonly (readonly [hash: string, digest: string])[]

/** A file of an archive, with the digests that it must have. */
export interface FileToVerify extends JarFile {
  readonly stated: StatedDigests
}

interface EntryToVerify extends EntryPlace {
  readonly stated: StatedDigests
}

type Order = { readonly fd: number; readonly entries: readonly EntryToVerify[] }

/** More files would only wait for the same threads. */
const filesPerOrder = 400

/**
 * Verifies that the content of each file has all the digests that the manifest states of it.
 *
 * @throws SigningError `JAR_ENTRY_DIGEST_MISMATCH`; as reading the entries does
 */
export async function verifyEntries(
  handle: FileHandle,
  files: readonly FileToVerify[],
  { passes, signal, onProgress }: FileWorkOptions,
): Promise<void> {
  const orders: EntryToVerify[][] = []
  for (const [index, file] of files.entries()) {
    if (index % filesPerOrder === 0) orders.push([])
    orders.at(-1)?.push({ ...placeOf(file), stated: file.stated })
  }
  await Promise.all(
    orders.map((entries) => {
      const parameters: Order = { fd: handle.fd, entries }
      return passes.work({ module: import.meta.url, parameters }, { signal, onProgress })
    }),
  )
}

/** In a thread. */
export const doFileWork: DoFileWork<Order, void> = async ({ fd, entries }, control) => {
  for (const entry of entries) {
    const hashes = entry.stated.map(([hash]) => createHash(hash))
    for await (const block of blocksOf(fd, entry, control)) for (const hash of hashes) hash.update(block)
    const isRight = entry.stated.every(([, digest], index) => hashes[index]?.digest('base64') === digest)
    if (!isRight)
      throw new SigningError(
        'JAR_ENTRY_DIGEST_MISMATCH',
        `The content of ${entry.name} is not what the manifest says: it was changed after the archive was signed.`,
      )
  }
}

function blocksOf(fd: number, entry: EntryPlace, control: PassControl): Iterable<Buffer> | AsyncIterable<Buffer> {
  const whole = wholeContentOf(fd, entry, control)
  return whole === undefined ? contentOf(fd, entry, control) : [whole]
}
