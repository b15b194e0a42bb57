/**
 * Whether a failure of `node:sqlite` is a lock that another connection holds for a moment: `SQLITE_BUSY`, `SQLITE_LOCKED`
 * or `SQLITE_PROTOCOL`. The same statement succeeds when it is tried again.
 */
export function isSqliteBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === 5 || code === 6 || code === 15
}

/** SQLite's primary result code: the low byte of the extended one that `node:sqlite` reports as `errcode`. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}
