import { createHash, hash as digestOnce } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { DoFileWork, PassControl } from '../file-passes/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import type { EntryDigests } from './compose-manifest.ts'
import { contentOf, type EntryPlace, placeOf, wholeContentOf } from './entry-content.ts'
import type { JarFile } from './open-jar.ts'

/** An entry to digest, and by which hashes. */
interface DigestOrder extends EntryPlace {
  readonly hashes: readonly string[]
}

type Order = { readonly fd: number; readonly entries: readonly DigestOrder[] }
/** For each entry a digest by each of its hashes, base64. */
type Answer = readonly (readonly string[])[]

/**
 * Digests the content of files, in as many threads as there are.
 *
 * @param hashesFor the hashes that a file is digested by, as OpenSSL names them
 * @throws SigningError as reading the entries does
 */
export async function digestEntries(
  handle: FileHandle,
  files: readonly JarFile[],
  hashesFor: (name: string) => readonly string[],
  { passes, signal, onProgress }: FileWorkOptions,
): Promise<ReadonlyMap<string, EntryDigests>> {
  const orders = files.map((file): DigestOrder => ({ ...placeOf(file), hashes: hashesFor(file.name) }))
  const parts = inParts(orders)
  const answers = await Promise.all(
    parts.map(
      (entries) =>
        passes.work(
          { module: import.meta.url, parameters: { fd: handle.fd, entries } satisfies Order },
          {
            signal,
            onProgress,
          },
        ) as Promise<Answer>,
    ),
  )
  const digests = answers.flat()
  return new Map(
    orders.map(({ name, hashes }, index) => [
      name,
      new Map(hashes.map((hash, at) => [hash, digests[index]?.[at] ?? ''])),
    ]),
  )
}

/** In a thread. */
export const doFileWork: DoFileWork<Order, Answer> = async ({ fd, entries }, control) => {
  const digests: (readonly string[])[] = []
  for (const entry of entries) {
    const whole = wholeContentOf(fd, entry, control)
    digests.push(
      whole === undefined
        ? await digestBlocks(fd, entry, control)
        : entry.hashes.map((hash) => digestOnce(hash, whole, 'base64')),
    )
  }
  return digests
}

async function digestBlocks(fd: number, entry: DigestOrder, control: PassControl): Promise<readonly string[]> {
  const hashes = entry.hashes.map((hash) => createHash(hash))
  for await (const block of contentOf(fd, entry, control)) for (const hash of hashes) hash.update(block)
  return hashes.map((hash) => hash.digest('base64'))
}

/** How much one order to a thread takes on: entries cost by their number, too. */
const partCost = 4 * 1024 * 1024
const entryCost = 8 * 1024

/** Parts of about the same cost, in the order of the entries. */
export function inParts<Entry extends { readonly size: number }>(
  entries: readonly Entry[],
): readonly (readonly Entry[])[] {
  const parts: Entry[][] = []
  let cost = Number.POSITIVE_INFINITY
  for (const entry of entries) {
    if (cost >= partCost) {
      parts.push([])
      cost = 0
    }
    parts.at(-1)?.push(entry)
    cost += entry.size + entryCost
  }
  return parts
}
