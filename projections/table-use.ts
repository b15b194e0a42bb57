import { sql } from 'kysely'
import type { ReadModelDatabase } from './database.ts'
import { databaseClock, dropTables, lockSchema } from './schema.ts'
import { whenUncontended } from './transaction.ts'

/**
 * Tables that no process said to need for so long are dropped, in seconds: a day in which a release can be taken back, and
 * finds its tables as it left them.
 */
const unusedSeconds = 86_400

/** Says that the tables of this form are needed. */
export async function markInUse(database: ReadModelDatabase): Promise<void> {
  await whenUncontended(database, (transaction) =>
    transaction
      .updateTable('read_models')
      .set({ alive_at: databaseClock(database) })
      .where('version', '=', database.version)
      .where('slot', '=', 'live')
      .execute(),
  )
}

/** Drops the tables that nobody uses any more: those of other releases, and those of builds that nobody finished. */
export async function dropUnusedTables(database: ReadModelDatabase): Promise<void> {
  await whenUncontended(database, async (transaction) => {
    await lockSchema(database, transaction)
    const unused = await transaction
      .deleteFrom('read_models')
      .where(({ eb, or }) => or([eb('version', '!=', database.version), eb('slot', '=', 'building')]))
      .where('alive_at', '<', sql<number>`${databaseClock(database)} - ${sql.lit(unusedSeconds)}`)
      .returning(['version', 'slot'])
      .execute()
    for (const { version, slot } of unused) await dropTables(database, transaction, version, slot)
  })
}
