import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ReadModelDatabase } from './database.ts'
import { integerColumns, tableForms } from './table-forms.ts'
import { type Slot, tableName, tablePrefix } from './table-names.ts'
import { type ProjectedTable, projectedTables, type Tables } from './tables.ts'
import { whenUncontended } from './transaction.ts'

/** A number of our own, so that processes that make the schema at once wait for each other (PostgreSQL). */
const schemaLock = 0x4353_524d

/** Makes the table of the sets of tables when it is not there. */
export async function ensureSchema(database: ReadModelDatabase): Promise<void> {
  await whenUncontended(database, async (transaction) => {
    await lockSchema(database, transaction)
    await transaction.schema
      .createTable('read_models')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('slot', text(database), (column) => column.notNull())
      .addColumn('position', text(database))
      .addColumn('token', text(database), (column) => column.notNull())
      .addColumn('build', text(database), (column) => column.notNull())
      .addColumn('alive_at', 'double precision', (column) => column.notNull())
      .addPrimaryKeyConstraint('read_models_key', ['version', 'slot'])
      .execute()
  })
}

/** Makes the tables that a build fills. Their indexes come later: filling tables without them is a good deal faster. */
export async function createTables(database: ReadModelDatabase, transaction: Kysely<Tables>): Promise<void> {
  for (const table of projectedTables) {
    const { key, columns } = tableForms[table]
    let creation = transaction.schema.createTable(tableName(database.version, 'building', table))
    for (const column of columns)
      creation = creation.addColumn(
        column,
        integerColumns.includes(column) ? 'integer' : text(database),
        (definition) => (column === key ? definition.primaryKey().notNull() : definition.notNull()),
      )
    await creation.execute()
  }
}

/** An index of the projected tables: the number of those of its table. */
export type IndexOfTable = {
  readonly table: ProjectedTable
  readonly number: number
  readonly columns: readonly string[]
}

/** Every index that the tables have. */
export const tableIndexes: readonly IndexOfTable[] = projectedTables.flatMap((table) =>
  tableForms[table].indexes.map((columns, number) => ({ table, number, columns })),
)

/**
 * Makes an index of the tables that a build fills, if it is not there. Its name has the build in it, since it outlives the change
 * of the tables' names.
 */
export async function createIndex(
  database: ReadModelDatabase,
  transaction: Kysely<Tables>,
  build: string,
  { table, number, columns }: IndexOfTable,
): Promise<void> {
  await transaction.schema
    .createIndex(`${table}_${number}_${build}`)
    .ifNotExists()
    .on(tableName(database.version, 'building', table))
    .columns([...columns])
    .execute()
}

/** Drops the tables of a set, whatever release made them. */
export async function dropTables(
  database: ReadModelDatabase,
  transaction: Kysely<Tables>,
  version: number,
  slot: Slot,
): Promise<void> {
  const prefix = tablePrefix(version, slot)
  const other = slot === 'live' ? tablePrefix(version, 'building') : undefined
  const { rows } =
    database.kind === 'postgres'
      ? await sql<{
          name: string
        }>`select tablename as name from pg_tables where schemaname = current_schema()`.execute(transaction)
      : await sql<{ name: string }>`select name from sqlite_schema where type = 'table'`.execute(transaction)
  for (const { name } of rows)
    if (name.startsWith(prefix) && (other === undefined || !name.startsWith(other)))
      await transaction.schema.dropTable(name).execute()
}

/** Makes the tables that were being built the ones that are read. */
export async function renameToLive({ version }: ReadModelDatabase, transaction: Kysely<Tables>): Promise<void> {
  for (const table of projectedTables)
    await transaction.schema
      .alterTable(tableName(version, 'building', table))
      .renameTo(tableName(version, 'live', table))
      .execute()
}

/** Lets one process at a time change the schema: until the transaction ends, others wait (or must try again: SQLite). */
export async function lockSchema(database: ReadModelDatabase, transaction: Kysely<Tables>): Promise<void> {
  if (database.kind === 'postgres') await sql`select pg_advisory_xact_lock(${schemaLock})`.execute(transaction)
}

/** The database's own clock, in seconds since 1970: the one clock that all processes have in common. */
export function databaseClock({ kind }: Pick<ReadModelDatabase, 'kind'>): RawBuilder<number> {
  return kind === 'postgres'
    ? sql<number>`extract(epoch from clock_timestamp())::double precision`
    : sql<number>`unixepoch('subsec')`
}

// Keys are compared and ordered byte by byte in both databases, whatever the locale of the PostgreSQL cluster.
function text(database: ReadModelDatabase) {
  return database.kind === 'postgres' ? sql`text collate "C"` : sql`text`
}
