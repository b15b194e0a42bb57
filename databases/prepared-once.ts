import type { DatabaseSync, StatementSync } from 'node:sqlite'

/**
 * Has a connection prepare each text once. What a statement takes of memory is SQLite's, which the garbage collector does not see: thousands
 * of them, each for one call, lie about until JavaScript's own memory is collected.
 *
 * @param database whose statements are of a fixed number of texts, and are read to their end before they are used again
 */
export function preparingOnce(database: DatabaseSync): DatabaseSync {
  const prepare = database.prepare.bind(database)
  const prepared = new Map<string, StatementSync>()
  database.prepare = (text) => {
    const statement = prepared.get(text) ?? prepare(text)
    prepared.set(text, statement)
    return statement
  }
  return database
}
