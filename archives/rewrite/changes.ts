import type { FileHandle } from 'node:fs/promises'

/**
 * The content that an entry gets: bytes, an open file, which stays the caller's to close, or a file that is opened when its turn comes,
 * so that thousands can be changed at once. Sizes are in bytes; a file must have just so many.
 */
export type EntryContent =
  | Uint8Array
  | { readonly handle: FileHandle; readonly size: number }
  | { readonly path: string; readonly size: number }

/** An entry that the archive gets. */
export interface InsertedEntry {
  /** Which entry it comes before, in the directory as in the file; `start` and `end` are those of all entries. */
  readonly before: number | 'start' | 'end'
  readonly name: string
  readonly content: EntryContent
  readonly method: 'stored' | 'deflated'
  /**
   * An entry of the archive, such as one that is removed, whose time, system and attributes it gets. Without one: the first of January of
   * 1980, and attributes of MS-DOS.
   */
  readonly like?: number
}

/** What is to be different in an archive. Entries are named by their index in the directory; all others stay byte for byte. */
export interface ZipChanges {
  /**
   * Entries that get another content. Name, time, modes, comment, method, level class and the extra fields of others stay; of the flags
   * all but that for a descriptor, since sizes are known.
   */
  readonly replaced?: ReadonlyMap<number, EntryContent>
  readonly removed?: ReadonlySet<number>
  /** Several for one place come in the order given. */
  readonly inserted?: readonly InsertedEntry[]
}
