import type { ReadModelDatabase } from '../../projections/index.ts'
import { projectedTables } from '../../projections/tables.ts'

/** Every row of every projected table, as text: two read models say the same if and only if these are equal. */
export async function allRows(database: ReadModelDatabase): Promise<string> {
  const tables: Record<string, unknown[]> = {}
  for (const table of projectedTables) {
    const rows: object[] = await database.reads.selectFrom(table).selectAll().execute()
    tables[table] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return JSON.stringify(tables, null, 1)
}
