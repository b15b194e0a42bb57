import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/** The database of a read model, of either kind. */
export type ReadModelDatabase = {
  readonly kind: 'sqlite' | 'postgres'
  /** The form of the tables that are used in it; those of other forms, which other releases use, stand beside them. */
  readonly version: number
  /** For queries; never waits for what is being written. */
  readonly reads: Kysely<Tables>
  /** For transactions that write. */
  readonly writes: Kysely<Tables>
  /** Whether a failed transaction met another writer and may simply be tried again. */
  readonly isContention: (error: unknown) => boolean
  readonly close: () => Promise<void>
}
