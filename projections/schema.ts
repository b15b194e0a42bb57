import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { ReadModelDatabase } from './database.ts'
import { ReadModelError } from './read-model-error.ts'
import {
  integerColumns,
  type ProjectedTable,
  projectedTables,
  readModelVersion,
  type Tables,
  tableForms,
} from './tables.ts'
import { whenUncontended } from './transaction.ts'

/** Which set of tables: the one that is read, or the one that a rebuild is filling. */
export type Slot = Tables['read_model']['slot']

/** A number of our own, so that processes that make the schema at once wait for each other (PostgreSQL). */
const schemaLock = 0x4353_524d

/** The name of a table of a slot. */
export function tableName(slot: Slot, table: ProjectedTable): string {
  return slot === 'live' ? table : `building_${table}`
}

/**
 * Makes the tables when there are none.
 *
 * @returns `ready`, or `outdated` when an older release made them and they must be built anew
 * @throws ReadModelError `READ_MODEL_NEWER` when a newer release made them
 */
export async function ensureSchema(database: ReadModelDatabase): Promise<'ready' | 'outdated'> {
  return whenUncontended(database, async (transaction) => {
    await lockSchema(database, transaction)
    await transaction.schema
      .createTable('read_model')
      .ifNotExists()
      .addColumn('slot', text(database), (column) => column.primaryKey())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('position', text(database))
      .addColumn('token', text(database), (column) => column.notNull())
      .execute()
    const live = await transaction.selectFrom('read_model').selectAll().where('slot', '=', 'live').executeTakeFirst()
    if (live === undefined) {
      const token = randomUUID()
      await createTables(database, transaction, 'live', token)
      await transaction
        .insertInto('read_model')
        .values({ slot: 'live', version: readModelVersion, position: null, token })
        .execute()
      return 'ready'
    }
    if (live.version > readModelVersion) throw newer(live.version)
    return live.version === readModelVersion ? 'ready' : 'outdated'
  })
}

/** Makes a slot's tables and indexes; indexes bear the token in their names, since these outlive a change of slots. */
export async function createTables(
  database: ReadModelDatabase,
  transaction: Kysely<Tables>,
  slot: Slot,
  token: string,
): Promise<void> {
  for (const table of projectedTables) {
    const { key, columns, indexes } = tableForms[table]
    const name = tableName(slot, table)
    let creation = transaction.schema.createTable(name)
    for (const column of columns)
      creation = creation.addColumn(
        column,
        integerColumns.includes(column) ? 'integer' : text(database),
        (definition) => (column === key ? definition.primaryKey().notNull() : definition.notNull()),
      )
    await creation.execute()
    for (const [number, index] of indexes.entries())
      await transaction.schema
        .createIndex(`${table}_${number}_${token.slice(0, 8)}`)
        .on(name)
        .columns([...index])
        .execute()
  }
}

/** Drops a slot's tables, as far as they exist. */
export async function dropTables(transaction: Kysely<Tables>, slot: Slot): Promise<void> {
  for (const table of projectedTables) await transaction.schema.dropTable(tableName(slot, table)).ifExists().execute()
}

/** Makes the tables that were being built the ones that are read. */
export async function renameToLive(transaction: Kysely<Tables>): Promise<void> {
  for (const table of projectedTables)
    await transaction.schema.alterTable(tableName('building', table)).renameTo(tableName('live', table)).execute()
}

/** Lets one process at a time change the schema: until the transaction ends, others wait (or must try again: SQLite). */
export async function lockSchema(database: ReadModelDatabase, transaction: Kysely<Tables>): Promise<void> {
  if (database.kind === 'postgres') await sql`select pg_advisory_xact_lock(${schemaLock})`.execute(transaction)
}

/** The error for a read model of a newer release. */
export function newer(version: number): ReadModelError {
  return new ReadModelError(
    'READ_MODEL_NEWER',
    `The read model has version ${version}; this release knows version ${readModelVersion}. Use the newer release, or drop the read model: it can be built anew from the log.`,
    { details: { version, known: readModelVersion } },
  )
}

// Keys are compared and ordered byte by byte in both databases, whatever the locale of the PostgreSQL cluster.
function text(database: ReadModelDatabase) {
  return database.kind === 'postgres' ? sql`text collate "C"` : sql`text`
}
