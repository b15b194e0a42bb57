import type { CompiledQuery, Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/** A query that is asked again and again. */
export type PreparedQuery = {
  /** @param values by the names that stood in their places when the query was written */
  readonly read: <Row extends object>(values: Readonly<Record<string, string>>) => Promise<readonly Row[]>
}

/** The database of a read model, of either kind. */
export type ReadModelDatabase = {
  readonly kind: 'sqlite' | 'postgres'
  /** The form of the tables that are used in it; those of other forms, which other releases use, stand beside them. */
  readonly version: number
  /** For queries; never waits for what is being written. */
  readonly reads: Kysely<Tables>
  /** For transactions that write. */
  readonly writes: Kysely<Tables>
  /**
   * Lets the database keep what it makes of a query's text, in each connection: for queries of which there are few.
   *
   * @param query of {@link ReadModelDatabase.reads}, with a name in the place of each value
   */
  readonly prepare: (query: CompiledQuery) => PreparedQuery
  /**
   * What tables are built with, beside those who read and write: in SQLite a connection in a thread of its own, since it works inside
   * the process, and statements of a build take long. It is to be closed.
   */
  readonly openBuilder: () => Pick<ReadModelDatabase, 'writes' | 'close'>
  /** Whether a failed transaction met another writer and may simply be tried again. */
  readonly isContention: (error: unknown) => boolean
  readonly close: () => Promise<void>
}

/** The values of a query in the order of their places. */
export function valuesOf(names: readonly unknown[], values: Readonly<Record<string, string>>): string[] {
  return names.map((name) => {
    const value = values[name as string]
    if (value === undefined) throw new Error(`A query has no value for ${name}.`)
    return value
  })
}
