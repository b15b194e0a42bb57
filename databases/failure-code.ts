/**
 * What failed, as the system, SQLite or PostgreSQL name it: `ECONNREFUSED`, `database is locked`, `SQLSTATE 28P01`. The text of a
 * driver's error is left to the log: it can hold names, addresses and values, and clients are shown what stores fail with.
 */
export function failureCodeOf(error: Error): string {
  const { code, errcode, errstr } = error as Error & { code?: unknown; errcode?: unknown; errstr?: unknown }
  // SQLite's own text for the code, which is the same whatever was asked.
  if (typeof errcode === 'number') return typeof errstr === 'string' ? errstr : `SQLite ${errcode}`
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)) return `SQLSTATE ${code}`
  if (typeof code === 'string' && /^[A-Z_0-9]{3,60}$/.test(code)) return code
  return 'the log says why'
}
