import { entryError, shown } from './archive-error.ts'
import { foldedPath } from './names.ts'

/**
 * Requires that each entry can be unpacked into a place of its own on any file system, and that nothing lies below what is no folder: a
 * file, or a symbolic link, through which it would be written elsewhere.
 *
 * @throws ArchiveError `ARCHIVE_NAME_DUPLICATE`, `ARCHIVE_NAME_CASE_COLLISION`, `ARCHIVE_NAME_CONFLICT`
 */
export function requireDifferentPaths(entries: readonly { readonly name: string; readonly path: string }[]): void {
  const byPath = new Map<string, number>()
  for (const [index, { name, path }] of entries.entries()) {
    const folded = foldedPath(path)
    const other = entries[byPath.get(folded) ?? -1]
    if (other !== undefined) throw sameName(name, other.name, path === other.path)
    byPath.set(folded, index)
  }
  for (const folded of byPath.keys()) {
    for (let end = folded.lastIndexOf('/'); end > 0; end = folded.lastIndexOf('/', end - 1)) {
      const above = entries[byPath.get(folded.slice(0, end)) ?? -1]
      if (above !== undefined && !/[\\/]$/.test(above.name))
        throw entryError(
          'ARCHIVE_NAME_CONFLICT',
          entries[byPath.get(folded) ?? -1]?.name ?? '',
          `lies below «${shown(above.name)}», which is no folder. Pack it again.`,
        )
    }
  }
}

function sameName(name: string, other: string, isSame: boolean) {
  return isSame
    ? entryError(
        'ARCHIVE_NAME_DUPLICATE',
        name,
        `has the name of another entry, «${shown(other)}». Pack it again with one of them.`,
      )
    : entryError(
        'ARCHIVE_NAME_CASE_COLLISION',
        name,
        `has a name that differs from that of «${shown(other)}» only in what file systems do not tell apart, such as case. Rename one of them.`,
      )
}
