/** How much an archive may hold. Each limit is refused with a code of its own. */
export interface ArchiveLimits {
  /** Entries, folders included: `ARCHIVE_TOO_MANY_ENTRIES`. */
  readonly entries: number
  /** Bytes of all entries together when they are unpacked: `ARCHIVE_TOO_LARGE`. */
  readonly totalSize: number
  /** How many times larger than its compressed data an entry may be: `ARCHIVE_RATIO_EXCEEDED`. */
  readonly ratio: number
  /** Entries of at most so many bytes may have any ratio. */
  readonly ratioFreeSize: number
}

/** The limits where no setting says otherwise. */
export const usualArchiveLimits: ArchiveLimits = {
  entries: 100_000,
  totalSize: 16 * 1024 ** 3,
  ratio: 200,
  ratioFreeSize: 10 * 1024 ** 2,
}
