import type { Kysely } from 'kysely'
import { retry } from '../retry/index.ts'
import type { ReadModelDatabase } from './database.ts'
import type { Tables } from './tables.ts'

/** How long a transaction tries to get past other writers. A rebuild's longest transaction is its last one. */
const contentionTimeoutMs = 30_000

/** Runs a transaction, again and again while another writer is in its way, without blocking the event loop. */
export async function whenUncontended<Result>(
  database: ReadModelDatabase,
  work: (transaction: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  return retry(() => database.writes.transaction().execute(work), {
    backoff: { first: 5, longest: 10 },
    jitter: true,
    limitMs: (error) => (database.isContention(error) ? contentionTimeoutMs : 0),
  })
}
