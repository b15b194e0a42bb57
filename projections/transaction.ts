import { setTimeout as pause } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { ReadModelDatabase } from './database.ts'
import type { Tables } from './tables.ts'

/** How long a transaction tries to get past other writers. A rebuild's longest transaction is its last one. */
const contentionPatienceMs = 30_000

/** Runs a transaction, again and again while another writer is in its way, without blocking the event loop. */
export async function whenUncontended<Result>(
  database: ReadModelDatabase,
  work: (transaction: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + contentionPatienceMs
  for (;;)
    try {
      return await database.writes.transaction().execute(work)
    } catch (error) {
      if (!database.isContention(error) || performance.now() > deadline) throw error
      await pause(2 + Math.random() * 8)
    }
}
