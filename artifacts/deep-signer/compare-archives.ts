import { extraFields, type ZipArchive, type ZipEntry } from '../../archives/index.ts'
import { Refusal } from '../../domain/index.ts'
import type { FileWorkOptions } from '../../signing/signature-format.ts'
import type { Comparison } from './compare-work.ts'

/** What an archive was, what it has become, and what may have changed. */
export type ArchivesToCompare = {
  /** Names from the artifact inwards. */
  readonly path: readonly string[]
  readonly before: ZipArchive
  readonly after: ZipArchive
  /** Indexes of the entries whose content was signed. */
  readonly replaced: ReadonlySet<number>
  /** Names of new entries. */
  readonly added: ReadonlySet<string>
  /** Entries that come and go with the archive's own signature. */
  readonly isOwn: (name: string) => boolean
}

const zip64 = 0x0001

/**
 * Compares an archive that was put together again with what it was: every entry is there, in the same order, with the same name, time,
 * attributes, method and comment; those that nobody signed have the same bytes from their header to their end; and nothing else is there
 * but what was to be added.
 *
 * @returns the entries of the archive as it is now, by their indexes before
 * @throws Refusal `SIGNATURE_NOT_AS_PLANNED`
 */
export async function compareArchives(
  archives: ArchivesToCompare,
  { passes, signal, onProgress }: FileWorkOptions,
): Promise<ReadonlyMap<number, ZipEntry>> {
  const { path, before, after, replaced, added, isOwn } = archives
  const fail = (what: string) => notAsPlanned(path, what)
  const byName = new Map(after.entries.map((entry) => [entry.name, entry]))
  const entries = new Map<number, ZipEntry>()
  const parts = new SameParts()
  let last = -1
  for (const entry of before.entries) {
    if (isOwn(entry.name)) continue
    const now = byName.get(entry.name)
    if (now === undefined) throw fail(`the entry ${entry.name} is missing`)
    if (now.index <= last) throw fail(`the entry ${entry.name} is not where it was`)
    last = now.index
    entries.set(entry.index, now)
    const isReplaced = replaced.has(entry.index)
    const difference = differs(entry, now, isReplaced)
    if (difference !== undefined) throw fail(`the entry ${entry.name} has another ${difference}`)
    if (!isReplaced) parts.add(entry, now)
  }
  const known = new Set([...entries.values()].map(({ index }) => index))
  for (const { index, name } of after.entries)
    if (!known.has(index) && !added.has(name) && !isOwn(name)) throw fail(`the entry ${name} was added`)
  for (const name of added) if (!byName.has(name)) throw fail(`the new file ${name} is missing`)
  if (!before.comment.equals(after.comment)) throw fail('its comment is another')
  const [one, other] = [before.file.handle.fd, after.file.handle.fd]
  const comparison: Comparison = { one, other, parts: parts.places }
  const work = { module: new URL('./compare-work.ts', import.meta.url).href, parameters: comparison }
  const different = (await passes.work(work, { signal, onProgress })) as number
  if (different !== -1) throw fail(`the entry ${parts.nameOf(different)} or one behind it has other bytes`)
  return entries
}

/** Parts of two files that must be the same; what is together in both is one part. */
class SameParts {
  readonly #parts: { readonly name: string; readonly start: number; readonly now: number; length: number }[] = []

  add({ name, start, end }: ZipEntry, { start: now }: ZipEntry): void {
    const length = end - start
    const last = this.#parts.at(-1)
    if (last !== undefined && last.start + last.length === start && last.now + last.length === now)
      last.length += length
    else this.#parts.push({ name, start, now, length })
  }

  get places(): Float64Array {
    return Float64Array.from(this.#parts.flatMap(({ start, now, length }) => [start, now, length]))
  }

  nameOf(part: number): string {
    return this.#parts[part]?.name ?? ''
  }
}

/** What of two records of the directory is not the same, though it must be. */
function differs(before: ZipEntry, now: ZipEntry, isReplaced: boolean): string | undefined {
  if (!before.nameBytes.equals(now.nameBytes)) return 'name'
  if (before.modified !== now.modified) return 'time'
  if (before.externalAttributes !== now.externalAttributes || before.host !== now.host) return 'mode'
  if (before.method !== now.method) return 'compression method'
  if (!before.comment.equals(now.comment)) return 'comment'
  if (!foreignExtra(before).equals(foreignExtra(now))) return 'extra field'
  if (isReplaced) return undefined
  if (before.flags !== now.flags) return 'flag'
  if (before.crc32 !== now.crc32 || before.size !== now.size || before.compressedSize !== now.compressedSize)
    return 'content'
  if (before.end - before.start !== now.end - now.start) return 'size'
  return undefined
}

/** Extra fields but for that of sizes and place, which are other ones when the archive is. */
function foreignExtra({ extra }: ZipEntry): Buffer {
  const foreign = extraFields(extra).filter(({ id }) => id !== zip64)
  return Buffer.concat(foreign.map(({ start, end }) => extra.subarray(start, end)))
}

/** The error of an archive that is not what was to be made. */
export function notAsPlanned(path: readonly string[], what: string): Refusal {
  return new Refusal(
    'SIGNATURE_NOT_AS_PLANNED',
    `The archive ${path.join('/')} that was put together is not the planned one: ${what}. It was thrown away.`,
    { promise: what, path: path.join('/') },
  )
}
