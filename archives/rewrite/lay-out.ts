import { entryError } from '../archive-error.ts'
import { nameFault, pathOf } from '../names.ts'
import { lengths } from '../records.ts'
import { requireDifferentPaths } from '../require-different-paths.ts'
import { readExactly } from '../whole-parts.ts'
import type { ZipArchive } from '../zip-archive.ts'
import type { ZipEntry } from '../zip-entry.ts'
import type { EntryContent, InsertedEntry, ZipChanges } from './changes.ts'
import { insertedEntry, type MadeEntry, replacedEntry } from './made-entry.ts'

/** An entry of the archive that comes out: one that was there, as it is, or one that is made. */
export type OutputEntry = ZipEntry | MadeEntry

/** The entries that come out, in both orders that an archive has. */
export interface Layout {
  readonly inFile: readonly OutputEntry[]
  readonly inDirectory: readonly OutputEntry[]
}

/** Whether an entry is made anew. */
export function isMade(entry: OutputEntry): entry is MadeEntry {
  return 'content' in entry
}

/**
 * Settles which entries come out, and in which order.
 *
 * @throws ArchiveError `ARCHIVE_NAME_REFUSED`, `ARCHIVE_NAME_DUPLICATE`, `ARCHIVE_NAME_CASE_COLLISION`, `ARCHIVE_NAME_CONFLICT` for names
 *   that are put in
 */
export async function layOut(archive: ZipArchive, changes: ZipChanges): Promise<Layout> {
  const { entries } = archive
  const { replaced = new Map<number, EntryContent>(), removed = new Set<number>(), inserted = [] } = changes
  requireIndexes(entries.length, [...replaced.keys(), ...removed, ...inserted.flatMap(indexesOf)])
  const outputs = new Map<number, MadeEntry>()
  for (const [index, content] of replaced) {
    const entry = entries[index] as ZipEntry
    if (!removed.has(index)) outputs.set(index, replacedEntry(entry, await localExtraOf(archive, entry), content))
  }
  const added = insertedEntries(entries, inserted)
  const arranged = (ordered: readonly ZipEntry[]) => [
    ...(added.get('start') ?? []),
    ...ordered.flatMap((entry) => [
      ...(added.get(entry.index) ?? []),
      ...(removed.has(entry.index) ? [] : [outputs.get(entry.index) ?? entry]),
    ]),
    ...(added.get('end') ?? []),
  ]
  const inDirectory = arranged(entries)
  if (inserted.length > 0) requireDifferentPaths(inDirectory.map((entry) => namesOf(entry)))
  return { inFile: arranged(entries.toSorted((one, other) => one.start - other.start)), inDirectory }
}

function insertedEntries(
  entries: readonly ZipEntry[],
  inserted: readonly InsertedEntry[],
): Map<InsertedEntry['before'], MadeEntry[]> {
  const added = new Map<InsertedEntry['before'], MadeEntry[]>()
  for (const each of inserted) {
    const fault = nameFault(each.name)
    if (fault !== undefined)
      throw entryError('ARCHIVE_NAME_REFUSED', each.name, `cannot be put in: it has a name that ${fault}.`)
    const made = insertedEntry(each, each.like === undefined ? undefined : entries[each.like])
    added.set(each.before, [...(added.get(each.before) ?? []), made])
  }
  return added
}

function namesOf(entry: OutputEntry): { readonly name: string; readonly path: string } {
  if (!isMade(entry)) return entry
  // A replaced entry keeps its name's bytes, which are compared with those of inserted ones as they are.
  const name = entry.nameBytes.toString('utf8')
  return { name, path: pathOf(name) }
}

/** The extra field of its local header, which is not that of the directory. */
async function localExtraOf({ file }: ZipArchive, { start, dataStart, nameBytes }: ZipEntry): Promise<Buffer> {
  const before = lengths.localHeader + nameBytes.length
  return readExactly(file.handle, start + before, dataStart - start - before)
}

function indexesOf({ before, like }: InsertedEntry): number[] {
  return [before, like].filter((index) => typeof index === 'number')
}

function requireIndexes(count: number, indexes: readonly number[]): void {
  const wrong = indexes.find((index) => !(Number.isInteger(index) && index >= 0 && index < count))
  if (wrong !== undefined) throw new RangeError(`The archive has no entry ${wrong}; it has ${count}.`)
}
