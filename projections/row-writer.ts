import { CompiledQuery, type Kysely } from 'kysely'
import type { ReadModelDatabase } from './database.ts'
import { entityColumns, integerColumns, tableForms } from './table-forms.ts'
import { type Slot, tableName } from './table-names.ts'
import type { EntityRow, EntityTableName, ProjectedTable, Tables } from './tables.ts'

/** A row to be written: every column of its table. */
export type Row = Readonly<Record<string, string | number>>

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
  /** The streams that are known to be broken. There are none as a rule. */
  readonly brokenStreams: (transaction: Kysely<Tables>, slot: Slot) => Promise<ReadonlySet<string>>
}

/** How one database takes many rows in a statement. */
type Statements = {
  /** Parts a list so that each part is one statement. */
  readonly inChunks: <Item>(items: readonly Item[]) => Iterable<readonly Item[]>
  /** Where an insert's rows come from, in the order of the columns. */
  readonly source: (columns: readonly string[], rows: number) => string
  readonly values: (columns: readonly string[], rows: readonly Row[]) => unknown[]
  readonly among: (ids: number) => string
  readonly ids: (ids: readonly string[]) => unknown[]
}

/**
 * SQLite: a value a parameter. Statements are written for a few numbers of rows only, so that each is prepared once and
 * only values differ.
 */
const sqlite: Statements = {
  *inChunks(items) {
    let start = 0
    for (const size of [256, 64, 16, 4, 1])
      for (; items.length - start >= size; start += size) yield items.slice(start, start + size)
  },
  source: (columns, rows) =>
    `values ${Array(rows)
      .fill(`(${columns.map(() => '?').join(', ')})`)
      .join(', ')}`,
  values: (columns, rows) => rows.flatMap((row) => columns.map((column) => row[column])),
  among: (ids) => `in (${Array(ids).fill('?').join(', ')})`,
  ids: (ids) => [...ids],
}

/**
 * PostgreSQL: an array a column, so that one short text takes any number of rows. A parameter a value would make the server
 * parse and plan thousands of them each time.
 */
const postgres: Statements = {
  *inChunks(items) {
    const size = 1_000
    for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
  },
  source: (columns) => {
    const arrays = columns.map((column, index) => {
      const type = integerColumns.includes(column) ? 'integer' : 'text'
      return `$${index + 1}::${type}[]`
    })
    return `select * from unnest(${arrays.join(', ')})`
  },
  values: (columns, rows) => columns.map((column) => rows.map((row) => row[column])),
  among: () => '= any($1::text[])',
  ids: (ids) => [ids],
}

/** Makes a writer for the tables of the database's form. */
export function createRowWriter({ kind, version }: Pick<ReadModelDatabase, 'kind' | 'version'>): RowWriter {
  const { inChunks, source, values, among, ids } = kind === 'postgres' ? postgres : sqlite

  function upsertText(name: string, table: ProjectedTable, rows: number): string {
    const { key, columns } = tableForms[table]
    const changes = columns.filter((column) => column !== key).map((column) => `"${column}" = excluded."${column}"`)
    return `insert into "${name}" (${columns.map((column) => `"${column}"`).join(', ')}) ${source(columns, rows)} on conflict ("${key}") do update set ${changes.join(', ')}`
  }

  return {
    async upsert(transaction, slot, table, rows) {
      const { columns } = tableForms[table]
      for (const chunk of inChunks(rows)) {
        const text = upsertText(tableName(version, slot, table), table, chunk.length)
        await transaction.executeQuery(CompiledQuery.raw(text, values(columns, chunk)))
      }
    },

    async load(transaction, slot, table, wanted) {
      const rows: EntityRow[] = []
      for (const chunk of inChunks(wanted)) {
        const text = `select ${entityColumns.map((column) => `"${column}"`).join(', ')} from "${tableName(version, slot, table)}" where "id" ${among(chunk.length)}`
        const answer = await transaction.executeQuery(CompiledQuery.raw(text, ids(chunk)))
        rows.push(...(answer.rows as EntityRow[]))
      }
      return rows
    },

    async brokenStreams(transaction, slot) {
      const text = `select "stream_id" from "${tableName(version, slot, 'broken_streams')}"`
      const answer = await transaction.executeQuery(CompiledQuery.raw(text))
      return new Set((answer.rows as { readonly stream_id: string }[]).map(({ stream_id }) => stream_id))
    },
  }
}
