import { CompiledQuery, type Kysely } from 'kysely'
import { type Slot, tableName } from './schema.ts'
import { type EntityRow, type EntityTableName, type ProjectedTable, type Tables, tableForms } from './tables.ts'

/** A row to be written: every column of its table. */
export type Row = Readonly<Record<string, string | number>>

// Statements are written for so many rows, the largest first, so that there are few of them: each is compiled once and
// prepared once, and only values differ.
const chunkSizes = [256, 64, 16, 4, 1] as const

/** Reads and writes many rows at once. */
export type RowWriter = {
  /** Inserts rows; rows whose keys are there already replace what is there. No key may occur twice. */
  readonly upsert: (
    transaction: Kysely<Tables>,
    slot: Slot,
    table: ProjectedTable,
    rows: readonly Row[],
  ) => Promise<void>
  /** The rows with these ids, as far as they exist, in any order. */
  readonly load: (
    transaction: Kysely<Tables>,
    slot: Slot,
    table: EntityTableName,
    ids: readonly string[],
  ) => Promise<readonly EntityRow[]>
}

/** Makes a writer; it keeps the SQL texts that it has compiled. */
export function createRowWriter(): RowWriter {
  const texts = new Map<string, string>()

  function textFor(key: string, compile: () => string): string {
    const text = texts.get(key) ?? compile()
    texts.set(key, text)
    return text
  }

  return {
    async upsert(transaction, slot, table, rows) {
      const { columns } = tableForms[table]
      const name = tableName(slot, table)
      for (const chunk of inChunks(rows)) {
        const text = textFor(`upsert ${name} ${chunk.length}`, () => upsertText(transaction, name, table, chunk.length))
        const values = chunk.flatMap((row) => columns.map((column) => row[column]))
        await transaction.executeQuery(CompiledQuery.raw(text, values))
      }
    },

    async load(transaction, slot, table, ids) {
      const name = tableName(slot, table)
      const rows: EntityRow[] = []
      for (const chunk of inChunks(ids)) {
        const text = textFor(`load ${name} ${chunk.length}`, () => loadText(transaction, name, chunk.length))
        const answer = await transaction.executeQuery(CompiledQuery.raw(text, [...chunk]))
        rows.push(...(answer.rows as EntityRow[]))
      }
      return rows
    },
  }
}

function* inChunks<Item>(items: readonly Item[]): Iterable<readonly Item[]> {
  let start = 0
  for (const size of chunkSizes)
    for (; items.length - start >= size; start += size) yield items.slice(start, start + size)
}

function upsertText(database: Kysely<Tables>, name: string, table: ProjectedTable, rows: number): string {
  const { key, columns } = tableForms[table]
  const anyRow = Object.fromEntries(columns.map((column) => [column, '']))
  // What the dialect makes of such a query does not depend on the values, nor on the table being known to the types.
  return database
    .insertInto(name as 'events')
    .values(Array.from({ length: rows }, () => anyRow) as never)
    .onConflict((conflict) =>
      conflict
        .column(key as never)
        .doUpdateSet(({ ref }) =>
          Object.fromEntries(
            columns.filter((column) => column !== key).map((column) => [column, ref(`excluded.${column}` as never)]),
          ),
        ),
    )
    .compile().sql
}

function loadText(database: Kysely<Tables>, name: string, ids: number): string {
  return database
    .selectFrom(name as EntityTableName)
    .select(['id', 'organization_id', 'revision', 'position', 'created_at', 'updated_at', 'state', 'facts'])
    .where(
      'id',
      'in',
      Array.from({ length: ids }, () => ''),
    )
    .compile().sql
}
