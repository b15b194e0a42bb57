import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

/** Changes the rows of an SQLite event log as somebody can who may write its file: past the service and its triggers. */
export function tamper(path: string, ...statements: readonly (readonly [sql: string, ...SQLInputValue[]])[]): void {
  const database = new DatabaseSync(path)
  try {
    const triggers = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all()
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`)
    for (const [sql, ...values] of statements) database.prepare(sql).run(...values)
    // Whoever hides their traces puts back what they found.
    for (const { sql } of triggers) database.exec(String(sql))
  } finally {
    database.close()
  }
}
